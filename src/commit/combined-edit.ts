import type { Deadline } from '../batching/deadline.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import type { SessionRecord } from '../records/session-record.js';
import type { CommitOutcome, Edit } from './edit.js';

/** A commit in the queue of its session. */
export interface QueuedCommit {
  readonly base: SessionRecord | undefined;
  readonly edit: Edit;
  readonly deadline: Deadline;
  /** The operation of the caller, for the observer. */
  readonly member: unknown;
  resolve(outcome: CommitOutcome): void;
  reject(error: unknown): void;
}

/** The time after which a batch takes no further edit, in ms. */
export const LONGEST_BATCH = 30;

/**
 * The edits of a batch as one edit: applies them one after the other, as many as time allows. An edit that is refused is
 * left out, and does not make the others fail. Another attempt applies them anew.
 */
export class CombinedEdit {
  readonly edit: Edit;
  readonly #batch: readonly QueuedCommit[];
  readonly #refusals = new Map<QueuedCommit, unknown>();
  #count: number;

  constructor(batch: readonly QueuedCommit[]) {
    this.#batch = batch;
    this.#count = batch.length;
    const [first] = batch;
    this.edit =
      batch.length === 1 && first
        ? first.edit
        : { apply: (current) => this.#apply(current), keepsExpiry: batch.every(({ edit }) => edit.keepsExpiry) };
  }

  /** The commits whose edits were applied or refused. */
  get applied(): readonly QueuedCommit[] {
    return this.#batch.slice(0, this.#count);
  }

  /** The commits for which there was no time. */
  get left(): readonly QueuedCommit[] {
    return this.#batch.slice(this.#count);
  }

  /** Settles a commit. If its own edit was refused, it rejects with that error. Otherwise it gets the outcome of the batch. */
  settle(commit: QueuedCommit, outcome: CommitOutcome): void {
    if (this.#refusals.has(commit)) commit.reject(this.#refusals.get(commit));
    else commit.resolve(outcome);
  }

  /** Rejects a commit: with the error by which its own edit was refused, or else with the error of the batch. */
  reject(commit: QueuedCommit, error: unknown): void {
    commit.reject(this.#refusals.has(commit) ? this.#refusals.get(commit) : error);
  }

  #apply(current: EncodedValues): EncodedValues {
    const end = performance.now() + LONGEST_BATCH;
    this.#refusals.clear();
    this.#count = 0;
    let values = current;
    for (const commit of this.#batch) {
      if (this.#count > 0 && performance.now() > end) break;
      this.#count++;
      values = this.#applyOne(values, commit);
    }
    return values;
  }

  #applyOne(values: EncodedValues, commit: QueuedCommit): EncodedValues {
    try {
      // If a caller got a timeout error, its commit must not take effect later.
      commit.deadline.throwIfPassed();
      return commit.edit.apply(values);
    } catch (error) {
      this.#refusals.set(commit, error);
      return values;
    }
  }
}
