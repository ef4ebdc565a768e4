import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { SessionGoneError, SessionService, type SessionDraft } from 'nestjs-smart-session';
import type { Socket } from 'socket.io';
import './session-data.js';

@WebSocketGateway()
export class ChatGateway implements OnGatewayConnection {
  constructor(private readonly sessions: SessionService) {}

  /**
   * Refuses a socket without a session, because a handshake cannot send a cookie for a later session. Disconnects it when its session
   * ends. Tells it of changes by other tabs and requests.
   */
  handleConnection(socket: Socket): void {
    this.sessions.bind(socket, socket.request, {
      keys: ['nickname'],
      onChange: ({ keys }) => socket.emit('changed', keys),
    });
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

  /** Changes the session that is stored now. */
  async #update<Result>(socket: Socket, change: (draft: SessionDraft) => Result): Promise<Result | undefined> {
    const bound = this.sessions.boundTo(socket);
    if (!bound) return undefined;
    try {
      return await this.sessions.update(bound.sessionId, change);
    } catch (error) {
      // The user has logged out a moment ago. The socket is disconnected by its watch.
      if (error instanceof SessionGoneError) return undefined;
      throw error;
    }
  }
}
