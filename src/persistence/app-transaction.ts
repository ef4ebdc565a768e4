import type { RunStatement } from '../dialects/run-statement.js';

/** Runs statements in a transaction of the app. */
export type RunInTransaction = RunStatement;

/** How a transaction of the app has ended. `unknown` if its COMMIT failed: it may have taken effect. */
export type TransactionEnd = 'committed' | 'rolled-back' | 'unknown';

/** A change that takes part in a transaction of the app. */
export interface TransactionMember {
  /** Is called before COMMIT. */
  beforeCommit(): Promise<void>;
  /** Is called when the transaction has ended. */
  ended(end: TransactionEnd): Promise<void>;
}

/** An open transaction of the app's MikroORM, on the database of the sessions. */
export class AppTransaction {
  /** The key of the record that the transaction was begun for. Its draft is the only way to change it. */
  ownKey: string | undefined;
  readonly #members: TransactionMember[] = [];
  /** The commit ids that were written, by storage key, in their order. */
  readonly #written = new Map<string, string[]>();
  #isCommitting = false;

  /** @param run runs statements in the transaction */
  constructor(readonly run: RunInTransaction) {}

  /** A commit was written. */
  note(storageKey: string, commitId: string): void {
    this.#written.set(storageKey, [...(this.#written.get(storageKey) ?? []), commitId]);
  }

  /** Whether a record that has this commit id has also what an earlier commit of the transaction has written. */
  includes(storageKey: string, commitId: string, found: string | null | undefined): boolean {
    const written = this.#written.get(storageKey) ?? [];
    return found === commitId || (typeof found === 'string' && written.indexOf(found) > written.indexOf(commitId));
  }

  /** Takes part in the transaction. */
  join(member: TransactionMember): void {
    this.#members.push(member);
  }

  /** The transaction is about to commit. */
  async commits(): Promise<void> {
    for (const member of this.#members) await member.beforeCommit();
    this.#isCommitting = true;
  }

  /** The transaction has committed. */
  committed(): Promise<void> {
    return this.#end('committed');
  }

  /** The transaction is rolled back, perhaps because its COMMIT has failed. */
  rollsBack(): Promise<void> {
    return this.#end(this.#isCommitting ? 'unknown' : 'rolled-back');
  }

  async #end(end: TransactionEnd): Promise<void> {
    for (const member of this.#members.splice(0)) await member.ended(end);
  }
}
