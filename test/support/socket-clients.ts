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
  const socket = await requestRaw(app, [`GET ${WS_PATH} HTTP/1.1`, ...UPGRADE, `Cookie: ${cookie}`], frameOf(message));
  await once(socket, 'readable');
  return socket;
}

/** The path of socket.io's WebSockets. */
const SOCKET_IO_PATH = '/socket.io/?EIO=4&transport=websocket';

/** The header of a client that reads nothing, so that a server may send more to it than the connection holds. */
export const SILENT_HEADER = 'x-silent';

/** Opens a connection whose client reads no more than its beginning, by the kind of the connection. */
export const CONNECT_SILENT = {
  ws: (app, { cookie }) => requestRaw(app, [`GET ${WS_PATH} HTTP/1.1`, ...UPGRADE, `${SILENT_HEADER}: 1`, `Cookie: ${cookie}`]),
  async 'socket.io'(app, { cookie }) {
    const socket = await requestRaw(app, [`GET ${SOCKET_IO_PATH} HTTP/1.1`, ...UPGRADE, `${SILENT_HEADER}: 1`, `Cookie: ${cookie}`]);
    await once(socket, 'readable');
    // Opens the namespace.
    socket.write(frameOfText('40'));
    return socket;
  },
  'server-sent events': (app, { cookie }) =>
    requestRaw(app, ['GET /ticks HTTP/1.1', 'Host: a', `${SILENT_HEADER}: 1`, `Cookie: ${cookie}`]),
} as const satisfies Record<string, (app: INestApplication, browser: Pick<Browser, 'cookie'>) => Promise<NetSocket>>;

const UPGRADE = [
  'Host: a',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Sends a request and what follows it. Reads nothing. */
async function requestRaw(app: INestApplication, head: readonly string[], rest: Buffer = Buffer.alloc(0)): Promise<NetSocket> {
  const { port } = new URL(await app.getUrl());
  const socket = connectTo(Number(port), '127.0.0.1').on('error', () => undefined);
  socket.write(Buffer.concat([Buffer.from([...head, '\r\n'].join('\r\n')), rest]));
  return socket;
}

/** A short message as a frame of the protocol, masked by zeros. */
export function frameOf(message: object): Buffer {
  return frameOfText(JSON.stringify(message));
}

function frameOfText(message: string): Buffer {
  const text = Buffer.from(message);
  return Buffer.concat([Buffer.from([0x81, 0x80 + text.length, 0, 0, 0, 0]), text]);
}
