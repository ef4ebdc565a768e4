import type { Values } from '../history/history-request.js';

/** The changes that a handler makes to its session. */
export interface Change {
  readonly puts: Values;
  readonly deletes: readonly string[];
  /** How long the handler takes, in ms. */
  readonly wait: number;
}

/** The session that the handler found, which it knows by its owner, or none. */
export interface Found {
  readonly seen?: Values;
}
