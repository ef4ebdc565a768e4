import type { EntityManager, IsolationLevel } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { Backoff } from '../batching/backoff.js';
import { SessionCodec } from '../codec/session.codec.js';
import { allAttemptsFailed } from '../commit/pending-commit.js';
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
import { asError } from '../shared/thrown.js';
import {
  SessionConflictError,
  SessionGoneError,
  SessionLockedError,
  SessionUnavailableError,
  SmartSessionConfigError,
} from '../smart-session.errors.js';
import { TransactionDraft } from './transaction-draft.js';
import { TransactionHistory, type Run } from './transaction-history.js';
import { TransactionTargets, type Attempt, type TransactionTarget } from './transaction-targets.js';

/** The work of a transaction, and how it is run. */
export interface TransactionPlan<Result> {
  /** Changes rows of the app by the entity manager, and the session by the draft. */
  readonly work: (em: EntityManager, draft: object) => Result | Promise<Result>;
  /** How often it is run at most. */
  readonly maxAttempts: number;
  readonly isolationLevel: IsolationLevel | undefined;
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
    const history = new TransactionHistory<Result>(this.repository);
    const committed = this.#runUntilCommitted(target, plan, history).catch((error: unknown) => {
      // The request's earlier changes may be stored already. Its next commit would store them a second time.
      if (history.isUnclear) target.abandon(asError(error));
      throw error;
    });
    return this.#finish(await committed);
  }

  async #runUntilCommitted<Result>(
    target: TransactionTarget,
    plan: TransactionPlan<Result>,
    history: TransactionHistory<Result>,
  ): Promise<Run<Result>> {
    let failure: unknown;
    for (let attempt = 1; attempt <= plan.maxAttempts; attempt++) {
      if (attempt > 1) {
        this.observers.operations?.retried();
        await this.backoff.wait(attempt - 1);
      }
      try {
        return await this.#runOnce(target, plan, history);
      } catch (error) {
        history.judge(error);
        failure = error;
      }
    }
    return this.#conclude(target, plan, history, failure);
  }

  async #runOnce<Result>(
    target: TransactionTarget,
    plan: TransactionPlan<Result>,
    history: TransactionHistory<Result>,
  ): Promise<Run<Result>> {
    history.begins();
    return this.transactions.begin(async (em, transaction) => {
      transaction.ownKey = target.storageKey;
      const statements = history.begun(transaction.run);
      const draft = new TransactionDraft(this.codec);
      const attempt = target.attempt(draft);
      const stored = await this.#lock(statements, attempt.commit, history);
      const landed = history.findLanded(stored);
      const run = landed ?? (await this.#work(em, statements, plan, attempt, draft, this.#read(attempt.commit, stored)));
      history.commits(run);
      return run;
    }, plan.isolationLevel);
  }

  async #lock(
    run: RunInTransaction,
    commit: TransactionCommit,
    { hasUnknown }: TransactionHistory<unknown>,
  ): Promise<StoredRecord | undefined> {
    // In MySQL, a lock on an absent record would block the inserts of others.
    return commit.isNew && !hasUnknown ? undefined : this.committer.lock(run, commit);
  }

  #read(commit: TransactionCommit, stored: StoredRecord | undefined): SessionRecord | undefined {
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
    before: SessionRecord | undefined,
  ): Promise<Run<Result>> {
    const { commit } = attempt;
    commit.edit.apply(before?.values ?? EMPTY);
    await run(`savepoint ${SAVEPOINT}`);
    const result = await work(em, draft.draft);
    await em.flush();
    await run(`release savepoint ${SAVEPOINT}`).catch((error: unknown) => {
      // If the connection is lost, the work has hidden nothing.
      throw this.repository.classify(error) === 'failed' ? endedByDatabase(error) : error;
    });
    draft.close();
    const revision = await this.#write(run, commit, before, commit.edit.apply(before?.values ?? EMPTY));
    return { attempt, before, revision, result };
  }

  async #write(
    run: RunInTransaction,
    commit: TransactionCommit,
    before: SessionRecord | undefined,
    values: EncodedValues,
  ): Promise<Revision | undefined> {
    if (!before && isEmptyValues(values)) return undefined;
    const whole = { ...commit, isNew: !before, edit: { ...commit.edit, alwaysWrites: true as const } };
    const revision = this.committer.revise(whole, before, values);
    if (await this.committer.write(run, whole, revision)) return revision;
    throw new SessionConflictError(commit.storageKey, 1);
  }

  /** Moves the session on to the run that was committed. */
  async #finish<Result>({ attempt, before, revision, result }: Run<Result>): Promise<Result> {
    await attempt.take(before, revision ?? { kind: 'unstored' });
    return result;
  }

  /** No run is left. If the outcome of one is unknown, looks whether it has taken effect. */
  async #conclude<Result>(
    { storageKey }: TransactionTarget,
    { maxAttempts }: TransactionPlan<Result>,
    history: TransactionHistory<Result>,
    failure: unknown,
  ): Promise<Run<Result>> {
    if (history.hasUnknown) {
      const landed = history.findLanded(await this.#loadLocked(storageKey, history));
      if (landed) return landed;
      if (history.mayStillLand) throw history.unclear(failure);
    }
    if (this.repository.classify(failure) === 'rolled-back' || failure instanceof SessionConflictError)
      throw new SessionConflictError(storageKey, maxAttempts, failure);
    throw allAttemptsFailed(maxAttempts, failure);
  }

  async #loadLocked(storageKey: string, history: TransactionHistory<unknown>): Promise<StoredRecord | undefined> {
    try {
      return await this.repository.loadLocked(storageKey);
    } catch (error) {
      throw history.unclear(error);
    }
  }
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
