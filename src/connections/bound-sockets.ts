import { Injectable } from '@nestjs/common';
import type { SessionWatch, WatchOptions } from '../feed/session-watch.js';
import { SessionLogger } from '../security/session-logger.js';
import { describeThrown } from '../shared/thrown.js';
import { SessionWatchLimitError } from '../smart-session.errors.js';
import type { BindOptions, BoundSession, SessionSocket, SocketIoSocket } from './session-socket.js';
import type { SocketDoor } from './socket-door.js';
import { SocketIoDoor } from './socket-io.door.js';
import { WsDoor } from './ws.door.js';

/** Watches a session by its id. */
type WatchSession = (sessionId: string, options: WatchOptions) => SessionWatch;

/** Closes sockets when their sessions end, and finds the session of each socket. */
@Injectable()
export class BoundSockets {
  readonly #bound = new WeakMap<SessionSocket, BoundSession>();
  readonly #logger = new SessionLogger();

  /**
   * Binds a socket to a session. A socket that is bound to this session already keeps its watch, because some protocols let a client
   * begin again and again.
   *
   * @param sessionId undefined if the handshake had no session: then the socket is closed
   * @returns undefined if the socket is closed
   * @throws TypeError if the socket is neither of `ws` nor of socket.io
   */
  bind(socket: SessionSocket, sessionId: string | undefined, options: BindOptions, watchSession: WatchSession): BoundSession | undefined {
    const door = doorOf(socket);
    if (!sessionId) return void door.close('none');
    if (door.isClosed) return undefined;
    const known = this.#bound.get(socket);
    if (known?.sessionId === sessionId) return known;
    const watch = this.#watch(door, (onEnd) => watchSession(sessionId, { ...options, onEnd }));
    if (!watch) return undefined;
    door.onClosed(() => watch.stop());
    const bound = { sessionId, watch };
    this.#bound.set(socket, bound);
    return bound;
  }

  /** The session of a socket; undefined if none was bound to it. */
  find(socket: SessionSocket): BoundSession | undefined {
    return this.#bound.get(socket);
  }

  /** Nest passes no error of `handleConnection` on, and the process would end. So the limit closes the socket, and is logged. */
  #watch(door: SocketDoor, watch: (onEnd: WatchOptions['onEnd']) => SessionWatch): SessionWatch | undefined {
    try {
      return watch(({ reason }) => door.close(reason));
    } catch (error) {
      door.close('unknown');
      if (!(error instanceof SessionWatchLimitError)) throw error;
      this.#logger.warn(`A socket was refused: ${describeThrown(error)}`);
      return undefined;
    }
  }
}

function doorOf(socket: SessionSocket): SocketDoor {
  if (isSocketIo(socket)) return new SocketIoDoor(socket);
  if (typeof socket?.terminate === 'function') return new WsDoor(socket);
  throw new TypeError(
    '`bind` was given an object that is no socket of `ws` or socket.io. Give the socket of `handleConnection`, or use `watch` for another connection.',
  );
}

function isSocketIo(socket: SessionSocket): socket is SocketIoSocket {
  return typeof (socket as Partial<SocketIoSocket>)?.disconnect === 'function';
}
