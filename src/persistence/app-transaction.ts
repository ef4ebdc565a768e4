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
  /** The commit ids that were written. Each has that of the record before; null for a new record. */
  readonly #written = new Map<string, string | null>();
  #isCommitting = false;
  #mayStillLand = false;

  /** @param run runs statements in the transaction */
  constructor(readonly run: RunInTransaction) {}

  /**
   * A commit was written.
   *
   * @param before the commit id of the record before; null for a new record
   */
  note(commitId: string, before: string | null): void {
    if (commitId !== before) this.#written.set(commitId, before);
  }

  /** Whether a record that has the commit id `found` has also what an earlier commit of the transaction has written. */
  includes(commitId: string, found: string | null | undefined): boolean {
    for (let id = found; typeof id === 'string'; id = this.#written.get(id)) if (id === commitId) return true;
    return false;
  }

  /** Whether a COMMIT that has failed may take effect later: its connection is lost, and the server may still have to read it. */
  get mayStillLand(): boolean {
    return this.#mayStillLand;
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
  async rollsBack(): Promise<void> {
    if (!this.#isCommitting || this.#members.length === 0) return this.#end('rolled-back');
    this.#mayStillLand = await this.run('select 1').then(
      () => false,
      () => true,
    );
    return this.#end('unknown');
  }

  async #end(end: TransactionEnd): Promise<void> {
    const failures: unknown[] = [];
    // Other sessions wait for their end too.
    for (const member of this.#members.splice(0)) await member.ended(end).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
