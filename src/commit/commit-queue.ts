import { setImmediate as turnEnds } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { EncodedValues } from '../merge/encoded-values.js';
import { SessionRepository } from '../persistence/session.repository.js';
import { SessionConflictError, SessionUnavailableError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { Deadline } from '../batching/deadline.js';
import { LARGE } from '../batching/pace.js';
import { isOtherGeneration, generationOf } from '../records/commit-id.js';
import { SessionObservers } from '../observers/session-observers.js';
import type { SessionRecord } from '../records/session-record.js';
import type { CommitOutcome, Edit } from './edit.js';
import { SessionCommitter } from './session-committer.js';

/** A commit that waits for the one before it. */
interface QueuedCommit {
  readonly base: SessionRecord | undefined;
  readonly edit: Edit;
  readonly deadline: Deadline;
  /** Who waits, for who watches. */
  readonly member: unknown;
  resolve(outcome: CommitOutcome): void;
  reject(error: unknown): void;
}

/** What became of the edits of a batch when they were last applied: another attempt applies them anew. */
interface Application {
  /** How many were applied; the others wait for the next batch. */
  count: number;
  /** Why edits among them were refused. */
  readonly refusals: Map<QueuedCommit, unknown>;
}

/** So many commits of one session go in one update. */
const LARGEST_BATCH = 100;

/** After this time no further edit is applied in one turn of the event loop, in ms. */
const LONGEST_BATCH = 30;

/**
 * Joins commits of one session in this process: while one is under way those that come wait, and then
 * their edits are applied one after the other and written by one update. Each is told done only when the
 * update that contains it has succeeded. With nothing under way a commit leaves at once. Edits that take long go in
 * several updates, so that other work gets its turn.
 */
@Injectable()
export class CommitQueue {
  /** What waits, by storage key, while a commit is under way. */
  readonly #lines = new Map<string, QueuedCommit[]>();
  /** First saves under way, by storage key, also those for which nobody waits any more. */
  readonly #inserting = new Map<string, Promise<unknown>>();

  constructor(
    private readonly repository: SessionRepository,
    private readonly committer: SessionCommitter,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Applies an edit to the current record, alone or with others.
   *
   * @param base the record as the caller knows it; undefined to insert
   * @param deadline once it has passed, the edit is not applied any more
   * @throws SessionUnavailableError when too many wait already, and what `SessionCommitter.commit` throws
   */
  async commit(storageKey: string, base: SessionRecord | undefined, edit: Edit, deadline: Deadline): Promise<CommitOutcome> {
    const line = this.#lines.get(storageKey);
    if (line) return this.#join(line, base, edit, deadline);
    this.#lines.set(storageKey, []);
    try {
      const outcome = await this.#commitFirst(storageKey, base, edit, deadline);
      void this.#goOn(storageKey, newest(base, outcome));
      return outcome;
    } catch (error) {
      void this.#goOn(storageKey, base);
      throw error;
    }
  }

  #commitFirst(storageKey: string, base: SessionRecord | undefined, edit: Edit, deadline: Deadline): Promise<CommitOutcome> {
    const { operations } = this.observers;
    if (!operations) return this.#commitOne(storageKey, base, edit, deadline);
    return operations.batch('commit', [operations.current()], () => this.#commitOne(storageKey, base, edit, deadline));
  }

  /** Settles at the deadline too: a database that does not come back shall hold up no later commit. */
  #commitOne(storageKey: string, base: SessionRecord | undefined, edit: Edit, deadline: Deadline): Promise<CommitOutcome> {
    const work = this.committer.commit(storageKey, base, edit, deadline);
    if (!base) this.#rememberInsert(storageKey, work);
    return Promise.race([work, deadline.passed]);
  }

  #rememberInsert(storageKey: string, work: Promise<unknown>): void {
    const all = Promise.allSettled([this.#inserting.get(storageKey), work]);
    this.#inserting.set(storageKey, all);
    void all.then(() => {
      if (this.#inserting.get(storageKey) === all) this.#inserting.delete(storageKey);
    });
  }

  /** Waits for a first save that is under way, whatever comes of it: a destroy must not come before it. */
  async firstSaved(storageKey: string): Promise<void> {
    await this.#inserting.get(storageKey);
  }

  #join(line: QueuedCommit[], base: SessionRecord | undefined, edit: Edit, deadline: Deadline): Promise<CommitOutcome> {
    const { maxWaiting } = this.options;
    if (line.length >= maxWaiting)
      throw new SessionUnavailableError(
        'commit',
        `${maxWaiting} commits of this session are waiting already, as many as \`maxWaiting\` allows.`,
      );
    return new Promise((resolve, reject) =>
      line.push({ base, edit, deadline, member: this.observers.operations?.current(), resolve, reject }),
    );
  }

  /** Commits what waits, until nothing does. Never rejects: every outcome goes to who waits for it. */
  async #goOn(storageKey: string, latest: SessionRecord | undefined): Promise<void> {
    let known = latest;
    let end = performance.now() + LONGEST_BATCH;
    while (true) {
      // A driver that blocks the process lets nobody run meanwhile: the commit counts as under way until the turn of the event loop ends.
      if (this.repository.isBlocking || performance.now() > end) {
        await turnEnds();
        end = performance.now() + LONGEST_BATCH;
      }
      const batch = this.#next(storageKey);
      if (!batch) return;
      known = await this.#commitBatch(storageKey, batch, known);
    }
  }

  /** The next commits that can go together; undefined, and the line closed, when none waits. */
  #next(storageKey: string): QueuedCommit[] | undefined {
    const line = this.#lines.get(storageKey) ?? [];
    const [first] = line;
    if (!first) {
      this.#lines.delete(storageKey);
      return undefined;
    }
    const alone = line.findIndex((waiting) => !isJoinable(waiting) || !isOfSameGeneration(waiting, first));
    const count = isJoinable(first) ? Math.min(alone < 0 ? line.length : alone, LARGEST_BATCH) : 1;
    return line.splice(0, count);
  }

  async #commitBatch(
    storageKey: string,
    batch: readonly QueuedCommit[],
    latest: SessionRecord | undefined,
  ): Promise<SessionRecord | undefined> {
    const base = batch[0]!.base && batch.reduce((known, waiting) => newer(known, waiting.base), latest);
    const application: Application = { count: batch.length, refusals: new Map() };
    const own = batch.length === 1 ? batch[0]!.edit : joined(batch, application);
    // On a base that was read for others, "nothing to do" may be out of date.
    const edit = base === batch[0]!.base && batch.length === 1 ? own : { ...own, mustSeeCurrent: true };
    try {
      const outcome = await this.#commitTogether(storageKey, base, edit, batch);
      await report(this.#applied(storageKey, batch, application), application, outcome);
      return newest(base, outcome);
    } catch (error) {
      const applied = this.#applied(storageKey, batch, application);
      if (applied.length > 1 && isOfOne(error)) return this.#commitApart(storageKey, applied, base);
      for (const waiting of applied) waiting.reject(application.refusals.has(waiting) ? application.refusals.get(waiting) : error);
      return base;
    }
  }

  /** Those of a batch that were applied. Puts the others back at the head of the line. */
  #applied(storageKey: string, batch: readonly QueuedCommit[], { count }: Application): readonly QueuedCommit[] {
    this.#lines.get(storageKey)?.unshift(...batch.slice(count));
    return batch.slice(0, count);
  }

  #commitTogether(storageKey: string, base: SessionRecord | undefined, edit: Edit, batch: readonly QueuedCommit[]): Promise<CommitOutcome> {
    const { operations } = this.observers;
    if (!operations) return this.#commitWithin(storageKey, base, edit, batch);
    return operations.batch(
      'commit',
      batch.map(({ member }) => member),
      () => this.#commitWithin(storageKey, base, edit, batch),
    );
  }

  #commitWithin(storageKey: string, base: SessionRecord | undefined, edit: Edit, batch: readonly QueuedCommit[]): Promise<CommitOutcome> {
    const [only] = batch;
    if (batch.length === 1 && only) return this.#commitOne(storageKey, base, edit, only.deadline);
    const deadline = new Deadline('commit', this.options.timeout);
    return deadline.bound(this.committer.commit(storageKey, base, edit, deadline));
  }

  /** Together they are too large, say: then each has a commit of its own, and fails for itself. */
  async #commitApart(
    storageKey: string,
    batch: readonly QueuedCommit[],
    latest: SessionRecord | undefined,
  ): Promise<SessionRecord | undefined> {
    let known = latest;
    for (const waiting of batch) {
      known = await this.#commitBatch(storageKey, [waiting], known);
      // A commit that is refused needs no statement, so it does not wait by itself.
      await turnEnds();
    }
    return known;
  }
}

/** A first save inserts, a handler that holds a lock has its own condition, and a max age goes or fails with its own edit. */
function isJoinable({ base, edit }: QueuedCommit): boolean {
  return base !== undefined && edit.leaseId === undefined && edit.maxAge === undefined;
}

/**
 * One edit that applies several, one after the other, as many as time allows, and extends the session if one of them
 * does. An edit that is refused is left out, and fails no other.
 */
function joined(batch: readonly QueuedCommit[], application: Application): Edit {
  const apply = (current: EncodedValues) => {
    const end = performance.now() + LONGEST_BATCH;
    application.refusals.clear();
    application.count = 0;
    let values = current;
    for (const waiting of batch) {
      if (application.count > 0 && performance.now() > end) break;
      application.count++;
      values = applyOne(values, waiting, application.refusals);
    }
    return values;
  };
  return { apply, keepsExpiry: batch.every(({ edit }) => edit.keepsExpiry) };
}

/** Tells each that waits. Its live session then takes in what the others have changed, which takes long where that is large. */
async function report(applied: readonly QueuedCommit[], { refusals }: Application, outcome: CommitOutcome): Promise<void> {
  const isLarge = applied.length > 1 && outcome.kind === 'committed' && outcome.record.text.length > LARGE;
  for (const waiting of applied) {
    if (refusals.has(waiting)) waiting.reject(refusals.get(waiting));
    else waiting.resolve(outcome);
    if (isLarge) await turnEnds();
  }
}

function applyOne(values: EncodedValues, waiting: QueuedCommit, refusals: Application['refusals']): EncodedValues {
  try {
    // Who has been told that it took too long must not take effect any more.
    waiting.deadline.throwIfPassed();
    return waiting.edit.apply(values);
  } catch (error) {
    refusals.set(waiting, error);
    return values;
  }
}

/** Whether a commit of several failed for what they made together, and not for the database. */
function isOfOne(error: unknown): boolean {
  return !(error instanceof SessionConflictError || error instanceof SessionUnavailableError);
}

function newest(base: SessionRecord | undefined, outcome: CommitOutcome): SessionRecord | undefined {
  return outcome.kind === 'committed' ? outcome.record : base;
}

/** What a commit knows of the record, unless an earlier one has seen it later. */
function newer(earlier: SessionRecord | undefined, own: SessionRecord | undefined): SessionRecord | undefined {
  const isNewer = earlier && own && earlier.version > own.version && !isOtherGeneration(earlier.commitId, own.commitId);
  return isNewer ? earlier : (own ?? earlier);
}

/** Requests may still have a record that was destroyed, beside the one that has begun since under its key. */
function isOfSameGeneration({ base }: QueuedCommit, other: QueuedCommit): boolean {
  return generationOf(base?.commitId) === generationOf(other.base?.commitId);
}
