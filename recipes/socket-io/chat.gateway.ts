import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import type { Request } from 'express';
import { SessionGoneError, SessionService, type SessionDraft } from 'nestjs-smart-session';
import type { Socket } from 'socket.io';
import './session-data.js';

@WebSocketGateway()
export class ChatGateway implements OnGatewayConnection {
  constructor(private readonly sessions: SessionService) {}

  /** Refuses a socket without a session, because a handshake cannot send a cookie for a later session. */
  async handleConnection(socket: Socket): Promise<void> {
    const isKnown = await this.sessions.load(sessionIdOf(socket)).catch(() => undefined);
    if (!isKnown) socket.disconnect(true);
  }

  @SubscribeMessage('rename')
  rename(@ConnectedSocket() socket: Socket, @MessageBody() nickname: string): Promise<string | undefined> {
    return this.#update(socket, (draft) => (draft.nickname = nickname));
  }

  /** @returns how many messages the session has sent so far */
  @SubscribeMessage('say')
  async say(@ConnectedSocket() socket: Socket, @MessageBody() text: string): Promise<number | undefined> {
    const said = await this.#update(socket, (draft) => {
      draft.messagesSent = (draft.messagesSent ?? 0) + 1;
      return { by: draft.nickname ?? 'somebody', sent: draft.messagesSent };
    });
    if (said) socket.nsp.emit('said', `${said.by}: ${text}`);
    return said?.sent;
  }

  /** Uses only the session id, because the session of the handshake is stale. Disconnects a user who has logged out. */
  async #update<Result>(socket: Socket, change: (draft: SessionDraft) => Result): Promise<Result | undefined> {
    try {
      return await this.sessions.update(sessionIdOf(socket), change);
    } catch (error) {
      if (!(error instanceof SessionGoneError)) throw error;
      socket.disconnect(true);
      return undefined;
    }
  }
}

function sessionIdOf(socket: Socket): string {
  return (socket.request as Request).sessionID;
}
