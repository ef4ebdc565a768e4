import { callbackify, promisify } from 'node:util';
import { Store, type SessionData } from 'express-session';
import { atDistance } from './distance.js';
import { record, recordWrite } from './recorder.js';

/** Measures the statements of a plain store and simulates the distance of the race's database. The store is not changed. */
export class MeasuredStore extends Store {
  constructor(private readonly store: Store) {
    super();
  }

  override get(sessionId: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    const load = promisify(this.store.get.bind(this.store));
    callbackify(() => record('load', () => atDistance(() => load(sessionId))))((error, session) => callback(error, session ?? null));
  }

  override set(sessionId: string, session: SessionData, callback: (error?: unknown) => void = () => {}): void {
    const set = promisify(this.store.set.bind(this.store));
    const write = () =>
      recordWrite(
        'lastWrite',
        JSON.stringify(session),
        () => atDistance(() => set(sessionId, session)),
        () => true,
      );
    callbackify(() => record('commit', write))(callback);
  }

  override destroy(sessionId: string, callback: (error?: unknown) => void = () => {}): void {
    const destroy = promisify(this.store.destroy.bind(this.store));
    callbackify(() => atDistance(() => destroy(sessionId)))(callback);
  }
}
