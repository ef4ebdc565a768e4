import type { Scheduler } from './scheduler.js';
import { LostConnection, type SimulatedDatabase } from './simulated-database.js';

/** The possible effects of a statement while connections may still be lost. */
export class SimulatedFaults {
  constructor(
    private readonly database: SimulatedDatabase,
    private readonly scheduler: Scheduler,
  ) {}

  /** The possible effects of a statement that writes nothing: its answer, or none. */
  ofQuery<Result>(read: () => Result): (() => Result)[] {
    return this.database.faults === 0 ? [read] : [read, this.#lose()];
  }

  /**
   * The possible effects of a statement that writes: its own, or a lost connection instead of it, after it, or before it. In the last case
   * the effect comes at any later time.
   */
  ofWrite<Result>(effect: () => Result, isEnabled: () => boolean, undo: () => void = () => {}): (() => Result)[] {
    if (this.database.faults === 0) return [effect];
    const later = () => void this.scheduler.step('lands late', () => [effect], isEnabled);
    return [effect, this.#lose(undo), this.#lose(effect), this.#lose(later)];
  }

  /** The possible effects of a statement that writes, and does not land late. */
  ofWriteInTime<Result>(effect: () => Result): (() => Result)[] {
    return this.database.faults === 0 ? [effect] : [effect, this.#lose(), this.#lose(effect)];
  }

  /**
   * The possible effects of a statement inside a transaction, which then is over.
   *
   * @param rollBack ends the transaction
   * @param errors what the caller may be told then
   */
  inTransaction<Result>(effect: () => Result, rollBack: () => void, errors: readonly (() => Error)[]): (() => Result)[] {
    if (this.database.faults === 0) return [effect];
    const fail = (errorOf: () => Error) => () => {
      this.database.faults--;
      rollBack();
      throw errorOf();
    };
    return [effect, ...errors.map(fail)];
  }

  #lose(meanwhile: () => unknown = () => {}): () => never {
    return () => {
      this.database.faults--;
      meanwhile();
      throw new LostConnection();
    };
  }
}
