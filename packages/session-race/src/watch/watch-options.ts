import type { SessionData } from 'express-session';
import type { WatchFinding } from './watch-counts.js';

/** Reads a session, as `get` of a store does. */
export type ReadSession = (sid: string, callback: (error: unknown, session?: SessionData | null) => void) => unknown;

/** Options of `watchStore`. */
export interface WatchOptions {
  /** The share of loaded sessions that are watched, from 0 to 1. Default: 1 */
  readonly sample?: number;
  /** How long a save waits for the read before it, in ms. Then it is saved unjudged. Default: 1000 */
  readonly timeout?: number;
  /** Reads what the store has now. Default: the store's `get`. If `get` takes a lock, give a read that takes none. */
  readonly read?: ReadSession;
  /** Is told each finding. An error that it throws is ignored. */
  readonly onFinding?: (finding: WatchFinding) => void;
}
