import { once } from 'node:events';
import { connect as connectTo, type Socket as NetSocket } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { io } from 'socket.io-client';
import type { Browser } from './browser.js';

/** The path of the gateways of `ws` in tests. */
export const WS_PATH = '/ws';

/** A client of a gateway, whichever the protocol. */
export interface SocketClient {
  /** Resolves when the socket is closed, with what the client is told. */
  readonly closed: Promise<unknown>;
  send(event: string, data?: unknown): void;
  /** Resolves with the data of the next event of this name. */
  next(event: string): Promise<unknown>;
  close(): void;
}

/** Opens a socket with the cookie of a browser. Waits until it is open or closed. */
export type Connect = (app: INestApplication, browser: Pick<Browser, 'cookie'>) => Promise<SocketClient>;

export const connectWs: Connect = async (app, { cookie }) => {
  const url = `${(await app.getUrl()).replace('http', 'ws')}${WS_PATH}`;
  const socket = new WebSocket(url, { headers: { cookie } } as never);
  const closed = once(socket, 'close').then(([{ code, reason }]) => ({ code, reason }));
  await Promise.race([once(socket, 'open'), closed]);
  return {
    closed,
    send: (event, data) => socket.send(JSON.stringify({ event, data })),
    next: (wanted) =>
      new Promise((resolve) => {
        socket.addEventListener('message', ({ data }) => {
          const message = JSON.parse(String(data)) as { event: string; data: unknown };
          if (message.event === wanted) resolve(message.data);
        });
      }),
    close: () => socket.close(),
  };
};

export const connectSocketIo: Connect = async (app, { cookie }) => {
  const socket = io(await app.getUrl(), { extraHeaders: { cookie }, transports: ['websocket'], forceNew: true });
  let end: unknown;
  socket.on('session-end', (given: unknown) => (end = given));
  const closed = new Promise((resolve) => socket.on('disconnect', () => resolve(end)));
  await new Promise<void>((resolve) => socket.on('connect', resolve));
  return {
    closed,
    send: (event, data) => socket.emit(event, data),
    next: (event) => new Promise((resolve) => socket.once(event, resolve)),
    close: () => socket.disconnect(),
  };
};

/**
 * Opens a WebSocket whose client never answers a close, as an attacker could. It sends its first message together with the handshake.
 */
export async function connectRaw(app: INestApplication, { cookie }: Pick<Browser, 'cookie'>, message: object): Promise<NetSocket> {
  const { port } = new URL(await app.getUrl());
  const socket = connectTo(Number(port), '127.0.0.1').on('error', () => undefined);
  const head = [
    `GET ${WS_PATH} HTTP/1.1`,
    'Host: a',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Cookie: ${cookie}`,
    '\r\n',
  ];
  socket.write(Buffer.concat([Buffer.from(head.join('\r\n')), frameOf(message)]));
  await once(socket, 'readable');
  return socket;
}

/** A short message as a frame of the protocol, masked by zeros. */
export function frameOf(message: object): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from([0x81, 0x80 + text.length, 0, 0, 0, 0]), text]);
}
