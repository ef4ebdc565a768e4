import type { EventEmitter } from 'node:events';

/** A kind of client that an app may give. */
export interface ClientKind {
  /** The name for messages, with an article. */
  readonly name: string;
  /** Whether a client is of this kind. */
  isOne(client: object): boolean;
  /** Returns what is wrong with a client of this kind, and what to do. Absent if nothing can be. */
  flawIn?(client: object): readonly [given: string, advice: string] | undefined;
  /** Begins to use a client of this kind. */
  open(client: object): ConnectionPool;
}

/** The flaw of a client that the app has closed. */
export const ENDED = ['it is closed', 'Give a client that is open, and close it after the app.'] as const;

/** A pool of a driver's connections that belongs to the app. */
export interface ConnectionPool {
  /** Waits for a connection. The caller has it to itself until `release`. */
  acquire(): Promise<object>;
  /**
   * Waits for the moment to begin a transaction on an acquired connection. Absent if the app has other connections for its own
   * statements, and the server lets both work.
   */
  beforeTransaction?(): Promise<void>;
  /** Gives a connection back. With an error, the pool closes the connection. */
  release(connection: object, error?: unknown): void;
  /** Reports each connection that is lent or comes back, also those that the app uses. Absent if the pool has one connection. */
  readonly events?: PoolEvents;
  /** Makes the pool close a connection, if the dialect's own way does not fit. */
  discard?(connection: object): void;
  /**
   * Opens one more connection, which the pool does not know.
   *
   * @param open does it with the pool of the driver's own package
   */
  openAlone?(open: (pool: object) => Promise<object>): Promise<object>;
  /** Closes what was opened for the sessions. The app's client stays open. */
  close?(): void;
}

/** The events of a pool. The last argument of each event is the connection. */
export interface PoolEvents {
  readonly emitter: Pick<EventEmitter, 'on' | 'removeListener'>;
  readonly acquired: string;
  readonly released: string;
}
