import { SqlSessionRepository, type RecordChange } from '../../src/index.js';
import { commitIdAfter } from '../../src/records/commit-id.js';
import type { SessionRecord } from '../../src/records/session-record.js';
import { sessionRecord } from './records.js';
import type { SessionsDatabase } from './sessions-database.js';

/** Another process on the same table, which works on one record. */
export class OtherProcess {
  constructor(
    private readonly database: SessionsDatabase,
    private readonly key: string,
  ) {}

  /** Inserts the record, and returns it as a request would load it. */
  async insert(values: Record<string, unknown>, given: Partial<RecordChange> = {}): Promise<SessionRecord> {
    const change = this.#change(values, { commitId: commitIdAfter(undefined), ...given });
    await this.#repository.insert(this.key, change);
    return sessionRecord(values, { commitId: change.commitId, maxAge: change.maxAge });
  }

  /** Sets values of the record. */
  async set(values: Record<string, unknown>): Promise<void> {
    const now = (await this.#repository.load(this.key))!;
    const all = { ...(JSON.parse(now.data) as object), ...values };
    await this.#repository.update(this.key, now, this.#change(all, { commitId: commitIdAfter(now.commitId), maxAge: now.maxAge }));
  }

  /** Destroys the record. */
  async destroy(): Promise<void> {
    await this.#repository.destroy(this.key);
  }

  /** Leases the record. */
  async lease(leaseId: string): Promise<void> {
    await this.#repository.lease(this.key, leaseId, 60_000);
  }

  /** Makes the record unreadable. Its version and commit id stay. */
  async garble(): Promise<void> {
    await this.database.run("update {table} set data = '{' where session_id = ?", [this.key]);
  }

  /** Returns the values and the version of the record; undefined if there is none. */
  async stored(): Promise<Record<string, unknown> | undefined> {
    const found = await this.#repository.load(this.key);
    return found && { ...(JSON.parse(found.data) as object), version: found.version };
  }

  get #repository(): SqlSessionRepository {
    return new SqlSessionRepository(this.database.context);
  }

  #change(values: object, given: Partial<RecordChange> & { commitId: string }): RecordChange {
    return { data: JSON.stringify(values), userId: null, maxAge: null, lifetime: { ms: 60_000, slack: 0, explicit: true }, ...given };
  }
}
