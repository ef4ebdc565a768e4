import { setImmediate as turnEnds } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { SessionRepository } from '../persistence/session.repository.js';
import { SessionConflictError, SessionUnavailableError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { Deadline } from '../batching/deadline.js';
import { LARGE_TEXT } from '../batching/event-loop-turns.js';
import { isOtherGeneration, generationOf } from '../records/commit-id.js';
import { SessionObservers } from '../observers/session-observers.js';
import type { SessionRecord } from '../records/session-record.js';
import { CombinedEdit, LONGEST_BATCH, type QueuedCommit } from './combined-edit.js';
import type { CommitOutcome, Edit } from './edit.js';
import { SessionCommitter } from './session-committer.js';

/** The most commits of one session that one update writes. */
const LARGEST_BATCH = 100;

/**
 * Commits edits of one session one after the other. If no commit of the session is in flight in this process, an edit is
 * committed immediately. Otherwise it waits, and the edits that wait are combined into one update. A caller is told
 * "done" only after the update that contains its edit has succeeded. Edits that take long are divided into several
 * updates, so that other work gets its turn.
 */
@Injectable()
export class CommitQueue {
  /** The commits that wait, by storage key; a key is there while a commit is in flight. */
  readonly #queues = new Map<string, QueuedCommit[]>();
  /** First saves in flight, by storage key, also those whose deadline has passed. */
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
   * @param deadline the edit is not applied after it
   * @throws SessionUnavailableError if too many wait already, and what `SessionCommitter.commit` throws
   */
  async commit(storageKey: string, base: SessionRecord | undefined, edit: Edit, deadline: Deadline): Promise<CommitOutcome> {
    const queue = this.#queues.get(storageKey);
    if (queue) return this.#enqueue(queue, base, edit, deadline);
    this.#queues.set(storageKey, []);
    try {
      const outcome = await this.#commitFirst(storageKey, base, edit, deadline);
      void this.#commitQueued(storageKey, newest(base, outcome));
      return outcome;
    } catch (error) {
      void this.#commitQueued(storageKey, base);
      throw error;
    }
  }

  #commitFirst(storageKey: string, base: SessionRecord | undefined, edit: Edit, deadline: Deadline): Promise<CommitOutcome> {
    const { operations } = this.observers;
    if (!operations) return this.#commitOne(storageKey, base, edit, deadline);
    return operations.batch('commit', [operations.current()], () => this.#commitOne(storageKey, base, edit, deadline));
  }

  /** Also rejects at the deadline, so that an unresponsive database does not block later commits. */
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

  /** Waits for a first save in flight, whether or not it succeeds: a destroy must not be sent before it. */
  async firstSaved(storageKey: string): Promise<void> {
    await this.#inserting.get(storageKey);
  }

  #enqueue(queue: QueuedCommit[], base: SessionRecord | undefined, edit: Edit, deadline: Deadline): Promise<CommitOutcome> {
    const { maxWaiting } = this.options;
    if (queue.length >= maxWaiting)
      throw new SessionUnavailableError(
        'commit',
        `${maxWaiting} commits of this session are waiting, which is the limit \`maxWaiting\`. Retry later, or write to this session less often.`,
      );
    return new Promise((resolve, reject) =>
      queue.push({ base, edit, deadline, member: this.observers.operations?.current(), resolve, reject }),
    );
  }

  /** Commits the queue until it is empty. Never rejects: each caller gets the outcome of its own commit. */
  async #commitQueued(storageKey: string, latest: SessionRecord | undefined): Promise<void> {
    let known = latest;
    let end = performance.now() + LONGEST_BATCH;
    while (true) {
      // A driver that blocks the process lets no request run meanwhile: the commit counts as in flight until the turn of the event loop ends.
      if (this.repository.isBlocking || performance.now() > end) {
        await turnEnds();
        end = performance.now() + LONGEST_BATCH;
      }
      const batch = this.#nextBatch(storageKey);
      if (!batch) return;
      known = await this.#commitBatch(storageKey, batch, known);
    }
  }

  /** The next commits that can share an update. If none waits, closes the queue and returns undefined. */
  #nextBatch(storageKey: string): QueuedCommit[] | undefined {
    const queue = this.#queues.get(storageKey) ?? [];
    const [first] = queue;
    if (!first) {
      this.#queues.delete(storageKey);
      return undefined;
    }
    const alone = queue.findIndex((commit) => !isCombinable(commit) || !isOfSameGeneration(commit, first));
    const count = isCombinable(first) ? Math.min(alone < 0 ? queue.length : alone, LARGEST_BATCH) : 1;
    return queue.splice(0, count);
  }

  async #commitBatch(
    storageKey: string,
    batch: readonly QueuedCommit[],
    latest: SessionRecord | undefined,
  ): Promise<SessionRecord | undefined> {
    const base = batch[0]!.base && batch.reduce((known, commit) => newer(known, commit.base), latest);
    const combined = new CombinedEdit(batch);
    // The base may have been read by another request. If the edit changes nothing, check first that the base is still current.
    const isOwnBase = base === batch[0]!.base && batch.length === 1;
    const edit = isOwnBase ? combined.edit : { ...combined.edit, mustSeeCurrent: true };
    try {
      const outcome = await this.#commitTogether(storageKey, base, edit, batch);
      this.#putBack(storageKey, combined.left);
      await report(combined, outcome);
      return newest(base, outcome);
    } catch (error) {
      this.#putBack(storageKey, combined.left);
      const { applied } = combined;
      if (applied.length > 1 && isOfOneEdit(error)) return this.#commitApart(storageKey, applied, base);
      for (const commit of applied) combined.reject(commit, error);
      return base;
    }
  }

  /** Puts commits for which there was no time back at the head of the queue. */
  #putBack(storageKey: string, commits: readonly QueuedCommit[]): void {
    this.#queues.get(storageKey)?.unshift(...commits);
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

  /** Commits each edit by itself, so that each fails only for itself, for example when they are too large together. */
  async #commitApart(
    storageKey: string,
    batch: readonly QueuedCommit[],
    latest: SessionRecord | undefined,
  ): Promise<SessionRecord | undefined> {
    let known = latest;
    for (const commit of batch) {
      known = await this.#commitBatch(storageKey, [commit], known);
      // A commit that is refused needs no statement, so it does not wait by itself.
      await turnEnds();
    }
    return known;
  }
}

/**
 * These are not combined: first saves (they insert), edits under a lease (each has its own condition), and edits
 * that set a max age.
 */
function isCombinable({ base, edit }: QueuedCommit): boolean {
  return base !== undefined && edit.leaseId === undefined && edit.fence === undefined && edit.maxAge === undefined;
}

/** Settles the commits of a batch. The live session of each then takes over what the others have changed, which takes long if that is large. */
async function report(combined: CombinedEdit, outcome: CommitOutcome): Promise<void> {
  const { applied } = combined;
  const isLarge = applied.length > 1 && outcome.kind === 'committed' && outcome.record.text.length > LARGE_TEXT;
  for (const commit of applied) {
    combined.settle(commit, outcome);
    if (isLarge) await turnEnds();
  }
}

/** Whether a combined commit failed because of its edits, and not because of the database. */
function isOfOneEdit(error: unknown): boolean {
  return !(error instanceof SessionConflictError || error instanceof SessionUnavailableError);
}

function newest(base: SessionRecord | undefined, outcome: CommitOutcome): SessionRecord | undefined {
  return outcome.kind === 'committed' ? outcome.record : base;
}

/** The newer of two states of a record: as an earlier commit has left it, or as a commit knows it by itself. */
function newer(earlier: SessionRecord | undefined, own: SessionRecord | undefined): SessionRecord | undefined {
  const isNewer = earlier && own && earlier.version > own.version && !isOtherGeneration(earlier.commitId, own.commitId);
  return isNewer ? earlier : (own ?? earlier);
}

/** Some requests may still have the record of a destroyed session. Others may have a newer record under the same key. */
function isOfSameGeneration({ base }: QueuedCommit, other: QueuedCommit): boolean {
  return generationOf(base?.commitId) === generationOf(other.base?.commitId);
}
