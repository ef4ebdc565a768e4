import type { Values } from '../history/history-request.js';

/** What a handler shall do to its session. */
export interface Change {
  readonly puts: Values;
  readonly deletes: readonly string[];
  /** How long the handler takes, in ms. */
  readonly wait: number;
}

/** What the handler found: a session that it knows by its owner, or none. */
export interface Found {
  readonly seen?: Values;
}
