import type { Store } from 'express-session';
import { RaceConfigError } from '../race.errors.js';
import { StoreWatcher } from './store-watcher.js';
import type { WatchCounts } from './watch-counts.js';
import type { WatchOptions } from './watch-options.js';

/** A watch of a store. */
export interface StoreWatch {
  /** The counts until now, in this process. */
  readonly counts: WatchCounts;
  /** Gives the store its own methods back. */
  stop(): void;
}

/**
 * Counts in production which saves of an express-session store undo the changes of other requests, and which bring an ended session back.
 *
 * It watches the store object itself, and adds one read before each watched save. Loads are not delayed. Values and session ids are not
 * kept: the hashes of what a request loaded live as long as its session object.
 *
 * @param store any store of express-session, before or after it is given to express-session
 * @returns the counts, and a way to stop
 * @throws RaceConfigError if an option is wrong
 * @example
 * const watch = watchStore(store, { sample: 0.1, onFinding: ({ kind, keys }) => logger.warn({ kind, keys }, 'session overwritten') });
 * app.get('/metrics/sessions', (_, res) => res.json(watch.counts));
 */
export function watchStore(store: Store, options: WatchOptions = {}): StoreWatch {
  const { sample = 1, timeout = 1_000, read = (sid, callback) => store.get(sid, callback), onFinding = () => {} } = options;
  if (!(sample >= 0 && sample <= 1)) throw new RaceConfigError(`sample is ${String(sample)}. Give a share from 0 to 1, such as 0.1.`);
  if (!Number.isSafeInteger(timeout) || timeout < 1) throw new RaceConfigError(`timeout is ${String(timeout)}. Give ms, such as 1000.`);
  return new StoreWatcher(store, { sample, timeout, read, onFinding });
}
