import type { SessionData } from 'express-session';
import type { Scheduler } from './scheduler.js';
import type { SimulatedDatabase } from './simulated-database.js';

type Callback = (error?: any, session?: SessionData | null) => void;

/** The store that an app had before, in memory: each step of I/O happens when the scheduler says so, or fails before or after its effect. */
export class SimulatedPreviousStore {
  readonly sessions = new Map<string, string>();

  constructor(
    private readonly database: SimulatedDatabase,
    private readonly scheduler: Scheduler,
  ) {}

  get(sessionId: string, callback: Callback): void {
    const find = () => JSON.parse(this.sessions.get(sessionId) ?? 'null') as SessionData | null;
    this.#answer('find in the previous store', find, callback);
  }

  destroy(sessionId: string, callback: Callback = () => undefined): void {
    this.#answer('remove from the previous store', () => void this.sessions.delete(sessionId), callback);
  }

  #answer<Result>(name: string, effect: () => Result, callback: (error: unknown, result: Result) => void): void {
    this.scheduler
      .step(name, () => this.#outcomes(effect))
      .then(
        (result) => process.nextTick(callback, null, result),
        (error: unknown) => process.nextTick(callback, error),
      );
  }

  #outcomes<Result>(effect: () => Result): (() => Result)[] {
    if (this.database.faults === 0) return [effect];
    const fail = (before: () => unknown) => () => {
      this.database.faults--;
      before();
      throw new Error('The previous store failed.');
    };
    return [effect, fail(() => undefined), fail(effect)];
  }
}
