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

  constructor(private readonly sessions: SessionService) {}

  /** Refuses a socket without a session, and closes it when its session ends. Tells it of changes by other tabs and requests. */
  handleConnection(socket: WebSocket, handshake: IncomingMessage): void {
    this.sessions.bind(socket, handshake, {
      keys: ['nickname'],
      onChange: ({ keys }) => socket.send(JSON.stringify({ event: 'changed', data: keys })),
    });
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

  /** Changes the session that is stored now. */
  async #update<Result>(socket: WebSocket, change: (draft: SessionDraft) => Result): Promise<Result | undefined> {
    const bound = this.sessions.boundTo(socket);
    if (!bound) return undefined;
    try {
      return await this.sessions.update(bound.sessionId, change);
    } catch (error) {
      // The user has logged out a moment ago. The socket is closed by its watch.
      if (error instanceof SessionGoneError) return undefined;
      throw error;
    }
  }
}
