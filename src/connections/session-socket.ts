import type { SessionWatch, WatchOptions } from '../feed/session-watch.js';

/** The used part of a WebSocket of the package `ws`, which `@nestjs/platform-ws` and graphql-ws use. */
export interface WsSocket {
  readonly readyState: number;
  /** Begins to close the socket. */
  close(code: number, reason: string): void;
  /** Cuts the connection. */
  terminate(): void;
  /** Reads nothing more from the client. */
  pause(): void;
  /** Reads from the client again. */
  resume(): void;
  /** Calls a function when the socket is closed. */
  once(event: 'close', listener: () => void): unknown;
  /** Lets no listener hear a message. */
  removeAllListeners(event: 'message'): unknown;
}

/** The used part of a socket of socket.io, which `@nestjs/platform-socket.io` uses. */
export interface SocketIoSocket {
  readonly connected: boolean;
  /** Sends an event to the client. */
  emit(event: 'session-end', end: object): unknown;
  /** Disconnects the client, with all its namespaces if `close` is true. */
  disconnect(close: boolean): unknown;
  /** Calls a function when the client is disconnected. */
  once(event: 'disconnect', listener: () => void): unknown;
}

/** A socket of `ws` or of socket.io, as a gateway's `handleConnection` is given it. */
export type SessionSocket = WsSocket | SocketIoSocket;

/** The callbacks of a socket, besides the end of its session. */
export type BindOptions = Pick<WatchOptions, 'keys' | 'onChange'>;

/** The session that a socket was opened with. */
export interface BoundSession {
  /** For `load` and `update`. After the session has ended, `update` throws a `SessionGoneError`. */
  readonly sessionId: string;
  /** The watch that closes the socket. It stops when the socket closes. */
  readonly watch: SessionWatch;
}
