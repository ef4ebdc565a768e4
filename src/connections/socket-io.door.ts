import type { SocketClosingReason } from './closings.js';
import type { SocketIoSocket } from './session-socket.js';
import type { SocketDoor } from './socket-door.js';

/** Closes sockets of socket.io. Its protocol has no code, so an event tells the reason. */
export class SocketIoDoor implements SocketDoor {
  readonly #socket: SocketIoSocket;

  constructor(socket: SocketIoSocket) {
    this.#socket = socket;
  }

  get isClosed(): boolean {
    return !this.#socket.connected;
  }

  onClosed(call: () => void): void {
    this.#socket.once('disconnect', call);
  }

  close(reason: SocketClosingReason): void {
    this.#socket.emit('session-end', { reason });
    // Nest listens for the disconnection only after `handleConnection`. No message is handled in between.
    queueMicrotask(() => this.#socket.disconnect(true));
  }
}
