import type { IncomingMessage } from 'node:http';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { SessionService } from 'nestjs-smart-session';
import type { WebSocket } from 'ws';
import './session-data.js';

@WebSocketGateway({ path: '/chat' })
export class ChatGateway implements OnGatewayConnection {
  constructor(private readonly sessions: SessionService) {}

  handleConnection(socket: WebSocket, handshake: IncomingMessage): void {
    this.sessions.bind(socket, handshake, {
      keys: ['cart'],
      onChange: ({ keys }) => socket.send(JSON.stringify({ event: 'changed', data: keys })),
    });
  }

  @SubscribeMessage('add')
  async add(@ConnectedSocket() socket: WebSocket, @MessageBody() sku: string): Promise<void> {
    const bound = this.sessions.boundTo(socket);
    if (!bound) return;
    await this.sessions.update(bound.sessionId, (draft) => (draft.cart ??= []).push({ sku, quantity: 1 }));
  }
}
