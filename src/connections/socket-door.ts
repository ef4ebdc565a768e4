import type { SocketClosingReason } from './closings.js';

/** How a socket of one package is closed, and tells that it is closed. */
export interface SocketDoor {
  readonly isClosed: boolean;
  /** Calls a function when the socket is closed, by either side. */
  onClosed(call: () => void): void;
  /** Closes the socket, and tells the client why. It never waits, so a slow client holds up no other socket. */
  close(reason: SocketClosingReason): void;
}
