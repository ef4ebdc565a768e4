import type { IncomingMessage } from 'node:http';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  type OnGatewayConnection,
  type WsResponse,
} from '@nestjs/websockets';
import { SessionGoneError, SessionService, type SessionDraft } from 'nestjs-smart-session';
import type { Server, WebSocket } from 'ws';
import './session-data.js';

@WebSocketGateway({ path: '/chat' })
export class ChatGateway implements OnGatewayConnection {
  @WebSocketServer() private readonly server!: Server;
  readonly #ids = new WeakMap<WebSocket, string>();

  constructor(private readonly sessions: SessionService) {}

  /** Finds the session by the cookie of the handshake, and refuses a socket without a session. */
  async handleConnection(socket: WebSocket, handshake: IncomingMessage): Promise<void> {
    const id = this.sessions.idOf(handshake);
    // Before anything is awaited, because messages may arrive at once.
    if (id !== undefined) this.#ids.set(socket, id);
    const session = id === undefined ? undefined : await this.sessions.load(id).catch(() => undefined);
    if (!session) end(socket);
  }

  @SubscribeMessage('rename')
  async rename(@ConnectedSocket() socket: WebSocket, @MessageBody() nickname: string): Promise<WsResponse<string> | undefined> {
    const data = await this.#update(socket, (draft) => (draft.nickname = nickname));
    return data === undefined ? undefined : { event: 'renamed', data };
  }

  @SubscribeMessage('say')
  async say(@ConnectedSocket() socket: WebSocket, @MessageBody() text: string): Promise<void> {
    const by = await this.#update(socket, (draft) => {
      draft.messagesSent = (draft.messagesSent ?? 0) + 1;
      return draft.nickname ?? 'somebody';
    });
    if (by === undefined) return;
    for (const client of this.server.clients) client.send(JSON.stringify({ event: 'said', data: `${by}: ${text}` }));
  }

  /** Changes the session that is stored now. Closes the socket of a user who has logged out. */
  async #update<Result>(socket: WebSocket, change: (draft: SessionDraft) => Result): Promise<Result | undefined> {
    const id = this.#ids.get(socket);
    if (id === undefined) return undefined;
    try {
      return await this.sessions.update(id, change);
    } catch (error) {
      if (!(error instanceof SessionGoneError)) throw error;
      end(socket);
      return undefined;
    }
  }
}

function end(socket: WebSocket): void {
  socket.close(4401, 'No session');
}
