import { CLOSINGS, type SocketClosingReason } from './closings.js';
import type { WsSocket } from './session-socket.js';
import type { SocketDoor } from './socket-door.js';

/** How long a client may take to answer the close, in ms. Then its connection is cut. */
const CLOSE_TIMEOUT = 2000;

/** The WebSocket API's number for a closed socket. */
const CLOSED = 3;

/** Closes sockets of the package `ws`. */
export class WsDoor implements SocketDoor {
  readonly #socket: WsSocket;

  constructor(socket: WsSocket) {
    this.#socket = socket;
  }

  get isClosed(): boolean {
    return this.#socket.readyState === CLOSED;
  }

  onClosed(call: () => void): void {
    this.#socket.once('close', call);
  }

  close(reason: SocketClosingReason): void {
    const { code, text } = CLOSINGS[reason];
    this.#refuseMessages();
    this.#socket.close(code, text);
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT).unref();
    this.onClosed(() => clearTimeout(timer));
  }

  /**
   * A client that does not answer the close may send more messages, and `ws` passes them on. Nest adds its listeners after
   * `handleConnection`, so messages wait until then.
   */
  #refuseMessages(): void {
    const remove = () => this.#socket.removeAllListeners('message');
    this.#socket.pause();
    remove();
    setImmediate(() => {
      remove();
      this.#socket.resume();
    });
  }
}
