import { DriverException, type EntityManager, type IsolationLevel } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { Backoff } from '../batching/backoff.js';
import { SessionCodec } from '../codec/session.codec.js';
import { allAttemptsFailed, outcomeUnknown } from '../commit/pending-commit.js';
import type { Revision } from '../commit/revision-builder.js';
import { TransactionCommitter, type TransactionCommit } from '../commit/transaction-committer.js';
import { Turns } from '../locking/turns.js';
import { isEmptyValues, type EncodedValues } from '../merge/encoded-values.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { RunInTransaction } from '../persistence/app-transaction.js';
import { AppTransactions } from '../persistence/app-transactions.js';
import { SessionRepository, type StoredRecord } from '../persistence/session.repository.js';
import type { SessionRecord } from '../records/session-record.js';
import {
  SessionConflictError,
  SessionGoneError,
  SessionLockedError,
  SessionUnavailableError,
  SmartSessionConfigError,
  databaseError,
} from '../smart-session.errors.js';
import { TransactionDraft } from './transaction-draft.js';
import { TransactionTargets, type Attempt, type TransactionTarget } from './transaction-targets.js';

/** The work of a transaction, and how it is run. */
export interface TransactionPlan<Result> {
  /** Changes rows of the app by the entity manager, and the session by the draft. */
  readonly work: (em: EntityManager, draft: object) => Result | Promise<Result>;
  /** How often it is run at most. */
  readonly maxAttempts: number;
  readonly isolationLevel: IsolationLevel | undefined;
}

/** A run of the work that may have been committed. */
interface Run<Result> {
  readonly attempt: Attempt;
  /** The record before it; undefined for a new one. */
  readonly before: SessionRecord | undefined;
  /** Undefined for a new session that holds nothing, which is not stored. */
  readonly revision: Revision | undefined;
  readonly result: Result;
}

/** What is known of the runs so far. */
interface Progress<Result> {
  /** The runs whose COMMIT was sent and not answered. */
  readonly unknown: Run<Result>[];
  /** The run whose COMMIT is sent. */
  committing: Run<Result> | undefined;
  /** Whether the transaction has begun. */
  hasBegun: boolean;
  /** The errors of statements that are not the app's. */
  readonly failures: WeakSet<object>;
}

const EMPTY: EncodedValues = new Map();

/** The subject of an error's sentence, for a caller that waited too long. */
const TRANSACTION = 'The transaction';

/** If the database rolls the transaction back while the work hides the error, the savepoint is gone. */
const SAVEPOINT = 'smart_session';

/**
 * Changes a session and rows of the app in one transaction. The record is locked first, and always written. So its commit id tells
 * whether a transaction has taken effect whose COMMIT was not answered: the next run looks for it under the same lock.
 */
@Injectable()
export class SessionTransactions {
  readonly #turns = new Turns();

  constructor(
    private readonly transactions: AppTransactions,
    private readonly committer: TransactionCommitter,
    private readonly targets: TransactionTargets,
    private readonly repository: SessionRepository,
    private readonly codec: SessionCodec,
    private readonly backoff: Backoff,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Runs work in a transaction with the session.
   *
   * @param session the live session, or a session id
   * @throws SessionGoneError if the session has ended, and what the work throws: then everything is rolled back
   * @throws SessionConflictError if the database has rolled back each run
   * @throws SessionUnavailableError if the database has failed each run, or the outcome stays unknown
   * @throws SessionLockedError if others of this process change the session in transactions for longer than the option `timeout`
   */
  async run<Result>(session: object | string, plan: TransactionPlan<Result>): Promise<Result> {
    if (!this.committer.records) throw withoutRecords();
    this.transactions.requireShared('transactional');
    this.transactions.refuse('change');
    const target = this.targets.of(session);
    const endTurn = await this.#takeTurn(target.storageKey);
    try {
      return await this.observers.outages.watch(
        'commit',
        target.inTurn(() => this.#runUntilDone(target, plan)),
      );
    } finally {
      endTurn();
    }
  }

  /** Waits before a connection is taken, so that those that wait for one session do not take them all. */
  async #takeTurn(storageKey: string): Promise<() => void> {
    const { timeout, maxWaiting } = this.options;
    const endTurn = await this.#turns.take(storageKey, { timeout, maxWaiting });
    if (endTurn === 'full')
      throw new SessionLockedError(
        storageKey,
        `${maxWaiting} transactions of this process wait for it, the limit \`maxWaiting\`.`,
        TRANSACTION,
      );
    if (endTurn === 'late')
      throw new SessionLockedError(
        storageKey,
        `other transactions of this process have held it for ${timeout} ms, the option \`timeout\`.`,
        TRANSACTION,
      );
    return endTurn;
  }

  async #runUntilDone<Result>(target: TransactionTarget, plan: TransactionPlan<Result>): Promise<Result> {
    const progress: Progress<Result> = { unknown: [], committing: undefined, hasBegun: false, failures: new WeakSet() };
    let failure: unknown;
    for (let attempt = 1; attempt <= plan.maxAttempts; attempt++) {
      if (attempt > 1) {
        this.observers.operations?.retried();
        await this.backoff.wait(attempt - 1);
      }
      try {
        return await this.#finish(await this.#runOnce(target, plan, progress));
      } catch (error) {
        this.#judge(error, progress);
        failure = error;
      }
    }
    return this.#conclude(target, plan, progress, failure);
  }

  async #runOnce<Result>(target: TransactionTarget, plan: TransactionPlan<Result>, progress: Progress<Result>): Promise<Run<Result>> {
    Object.assign(progress, { committing: undefined, hasBegun: false });
    return this.transactions.begin(async (em, transaction) => {
      progress.hasBegun = true;
      transaction.ownKey = target.storageKey;
      const statements = noting(transaction.run, progress.failures);
      const draft = new TransactionDraft(this.codec);
      const attempt = target.attempt(draft);
      const found = await this.#lock(statements, attempt.commit, progress);
      if (found && 'result' in found) return found;
      const run = await this.#work(em, statements, plan, attempt, draft, found);
      progress.committing = run;
      return run;
    }, plan.isolationLevel);
  }

  /** Locks the record. Returns an earlier run whose COMMIT has taken effect, or the current record. */
  async #lock<Result>(
    run: RunInTransaction,
    commit: TransactionCommit,
    { unknown }: Progress<Result>,
  ): Promise<SessionRecord | Run<Result> | undefined> {
    // In MySQL, a lock on an absent record would block the inserts of others.
    const stored = commit.isNew && unknown.length === 0 ? undefined : await this.committer.lock(run, commit);
    const landed = landedAmong(unknown, stored);
    if (landed) return landed;
    const current = this.committer.read(commit, stored);
    if (!current && !commit.isNew) throw new SessionGoneError(commit.storageKey, 'update');
    return current;
  }

  async #work<Result>(
    em: EntityManager,
    run: RunInTransaction,
    { work }: TransactionPlan<Result>,
    attempt: Attempt,
    draft: TransactionDraft,
    current: SessionRecord | undefined,
  ): Promise<Run<Result>> {
    const { commit } = attempt;
    commit.edit.apply(current?.values ?? EMPTY);
    await run(`savepoint ${SAVEPOINT}`);
    const result = await work(em, draft.draft);
    await em.flush();
    await run(`release savepoint ${SAVEPOINT}`).catch((error: unknown) => {
      // If the connection is lost, the work has hidden nothing.
      throw this.repository.classify(error) === 'failed' ? endedByDatabase(error) : error;
    });
    draft.close();
    const values = commit.edit.apply(current?.values ?? EMPTY);
    if (!current && isEmptyValues(values)) return { attempt, before: undefined, revision: undefined, result };
    const whole = { ...commit, isNew: !current, edit: { ...commit.edit, alwaysWrites: true as const } };
    const revision = this.committer.revise(whole, current, values);
    if (!(await this.committer.write(run, whole, revision))) throw new SessionConflictError(commit.storageKey, 1);
    return { attempt, before: current, revision, result };
  }

  /** Moves the session on to the run that was committed. */
  async #finish<Result>({ attempt, before, revision, result }: Run<Result>): Promise<Result> {
    await attempt.take(before, revision ?? { kind: 'unstored' });
    return result;
  }

  /**
   * Decides what an error of a run means.
   *
   * @throws the error if another run does not help
   */
  #judge<Result>(error: unknown, progress: Progress<Result>): void {
    if (error instanceof SessionConflictError) return;
    const { committing, unknown, hasBegun, failures } = progress;
    const isOurs = !hasBegun || (typeof error === 'object' && error !== null && failures.has(error));
    const isDatabases = isOurs || committing !== undefined || error instanceof DriverException;
    const kind = isDatabases || hasCode(error) ? this.repository.classify(error) : 'failed';
    if (kind === 'rolled-back') return;
    if (!isDatabases || (kind === 'failed' && !isOurs)) throw error;
    if (kind === 'failed') throw new SessionUnavailableError('change', databaseError(error), error);
    // Without a COMMIT nothing was done.
    if (committing && kind === 'unknown') unknown.push(committing);
  }

  /** No run is left. If the outcome of one is unknown, looks whether it has taken effect. */
  async #conclude<Result>(
    { storageKey }: TransactionTarget,
    { maxAttempts }: TransactionPlan<Result>,
    { unknown }: Progress<Result>,
    failure: unknown,
  ): Promise<Result> {
    if (unknown.length > 0) {
      const landed = landedAmong(unknown, await this.#loadLocked(storageKey));
      if (landed) return this.#finish(landed);
    }
    if (unknown.length > 0) throw outcomeUnknown(failure);
    if (this.repository.classify(failure) === 'rolled-back' || failure instanceof SessionConflictError)
      throw new SessionConflictError(storageKey, maxAttempts, failure);
    throw allAttemptsFailed(maxAttempts, failure);
  }

  async #loadLocked(storageKey: string): Promise<StoredRecord | undefined> {
    try {
      return await this.repository.loadLocked(storageKey);
    } catch (error) {
      throw outcomeUnknown(error);
    }
  }
}

/** Notes the errors of statements. */
function noting(run: RunInTransaction, failures: WeakSet<object>): RunInTransaction {
  return async (sql, parameters) => {
    try {
      return await run(sql, parameters);
    } catch (error) {
      failures.add(error as object);
      throw error;
    }
  };
}

/** Whether an error may be a driver's: the app's work may run statements past MikroORM. */
function hasCode(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error;
}

/**
 * Finds the run that has taken effect.
 *
 * @returns undefined if none has
 * @throws SessionUnavailableError if that cannot be told, because the record has changed since
 */
function landedAmong<Result>(runs: readonly Run<Result>[], stored: StoredRecord | undefined): Run<Result> | undefined {
  const landed = runs.find(({ revision }) => revision && stored?.commitId === revision.record.commitId);
  if (landed) return landed;
  for (const { before, revision } of runs) {
    const isAsBefore = before ? stored?.version === before.version && stored.commitId === before.commitId : revision && !stored;
    if (!isAsBefore) throw outcomeUnknown(new Error('The answer to COMMIT was lost.'));
  }
  return undefined;
}

function withoutRecords(): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'repository',
    '`transactional` needs a repository that works inside transactions of the app',
    'Give a repository that has the property `records`, or leave `repository` out.',
  );
}

function endedByDatabase(cause: unknown): SessionUnavailableError {
  return new SessionUnavailableError(
    'change',
    'the database has ended the transaction while `work` ran, and `work` went on. Nothing of the session was written. ' +
      'Let the errors of its statements through, and run no statement that commits by itself.',
    cause,
  );
}
