import { DriverException } from '@mikro-orm/core';
import { outcomeUnknown } from '../commit/pending-commit.js';
import type { Revision } from '../commit/revision-builder.js';
import type { RunInTransaction } from '../persistence/app-transaction.js';
import type { SessionRepository, StoredRecord } from '../persistence/session.repository.js';
import type { SessionRecord } from '../records/session-record.js';
import { SessionConflictError, SessionUnavailableError, databaseError } from '../smart-session.errors.js';
import type { Attempt } from './transaction-targets.js';

/** A run of the work of a transaction. */
export interface Run<Result> {
  readonly attempt: Attempt;
  /** The record before it; undefined for a new one. */
  readonly before: SessionRecord | undefined;
  /** Undefined for a new session that holds nothing, which is not stored. */
  readonly revision: Revision | undefined;
  readonly result: Result;
}

/** The knowledge about the runs of a transaction so far. */
export class TransactionHistory<Result> {
  /** The runs whose COMMIT was sent and not answered. */
  readonly #unknown: Run<Result>[] = [];
  /** The errors of statements that are not the app's. */
  readonly #failures = new WeakSet<object>();
  /** The run whose COMMIT is sent. */
  #committing: Run<Result> | undefined;
  #hasBegun = false;
  #isUnclear = false;

  constructor(private readonly repository: SessionRepository) {}

  /** Whether the COMMIT of a run was sent and not answered. */
  get hasUnknown(): boolean {
    return this.#unknown.length > 0;
  }

  /** Whether the outcome of the transaction stays unknown. */
  get isUnclear(): boolean {
    return this.#isUnclear;
  }

  /** Notes that the outcome of a run stays unknown. Returns the error to throw. */
  unclear(cause: unknown): SessionUnavailableError {
    this.#isUnclear = true;
    return outcomeUnknown(cause);
  }

  /** The next transaction is about to begin. */
  begins(): void {
    this.#hasBegun = false;
    this.#committing = undefined;
  }

  /** The transaction has begun. Returns what runs the library's own statements in it. */
  begun(run: RunInTransaction): RunInTransaction {
    this.#hasBegun = true;
    return async (sql, parameters) => {
      try {
        return await run(sql, parameters);
      } catch (error) {
        this.#failures.add(error as object);
        throw error;
      }
    };
  }

  /** COMMIT is about to be sent. */
  commits(run: Run<Result>): void {
    this.#committing = run;
  }

  /**
   * Finds the run that has taken effect.
   *
   * @param stored the record under its lock
   * @returns undefined if none has
   * @throws SessionUnavailableError if that cannot be told, because the record has changed since
   */
  findLanded(stored: StoredRecord | undefined): Run<Result> | undefined {
    const landed = this.#unknown.find(({ revision }) => revision && stored?.commitId === revision.record.commitId);
    if (landed) return landed;
    for (const run of this.#unknown) if (!isAsBefore(run, stored)) throw this.unclear(new Error('The answer to COMMIT was lost.'));
    return undefined;
  }

  /** Whether a run may still take effect: no lock shows that a first save was rolled back. */
  get mayStillLand(): boolean {
    return this.#unknown.some(({ before }) => !before);
  }

  /**
   * Decides what an error of a run means.
   *
   * @throws the error if another run does not help
   */
  judge(error: unknown): void {
    if (error instanceof SessionConflictError) return;
    const isOurs = !this.#hasBegun || (isObject(error) && this.#failures.has(error));
    const isDatabases = isOurs || this.#committing !== undefined || error instanceof DriverException;
    // The app's work may run statements past MikroORM.
    const kind = isDatabases || (isObject(error) && 'code' in error) ? this.repository.classify(error) : 'failed';
    if (kind === 'rolled-back') return;
    if (!isDatabases || (kind === 'failed' && !isOurs)) throw error;
    if (kind === 'failed') throw new SessionUnavailableError('change', databaseError(error), error);
    // Without a COMMIT nothing was done.
    if (this.#committing && kind === 'unknown') this.#unknown.push(this.#committing);
  }
}

function isAsBefore({ before, revision }: Run<unknown>, stored: StoredRecord | undefined): boolean {
  if (before) return stored?.version === before.version && stored.commitId === before.commitId;
  // Other requests can end a new session whose user they know. Then it is absent too.
  return revision?.change?.userId === null && !stored;
}

function isObject(thrown: unknown): thrown is object {
  return typeof thrown === 'object' && thrown !== null;
}
