import { randomUUID } from 'node:crypto';
import { SqlSessionRepository, type SmartSessionModuleOptions } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { leaseTableOf } from '../../src/dialects/table-layout.js';
import { Backoff } from '../../src/batching/backoff.js';
import { FaultyRepository } from './faulty-repository.js';
import { serviceOver } from './service-over.js';
import type { SessionsDatabase } from './sessions-database.js';

type Values = Record<string, unknown>;

class NoBackoff extends Backoff {
  override async wait(): Promise<void> {}
}

/** One session on a database, with services whose failures a test provokes. */
export class Provoker {
  readonly id = randomUUID();
  readonly repository: FaultyRepository;
  readonly sessions: ReturnType<typeof serviceOver>['sessions'];
  readonly locker: ReturnType<typeof serviceOver>['locker'];

  constructor(
    private readonly database: SessionsDatabase,
    options: SmartSessionModuleOptions = {},
  ) {
    this.repository = new FaultyRepository(database.context);
    const { sessions, locker } = serviceOver(this.repository, options, new NoBackoff());
    this.sessions = sessions;
    this.locker = locker;
  }

  /** Returns a new session with values. */
  fresh(values: Values, id: string = this.id): Values {
    return Object.assign(Object.defineProperty({}, 'id', { value: id }), values);
  }

  /** Stores a session with these values and loads it. */
  async stored(values: Values = { a: 1 }): Promise<Values> {
    await this.sessions.commit(this.fresh(values));
    return this.load();
  }

  async load(): Promise<Values> {
    return (await this.sessions.load(this.id)) as unknown as Values;
  }

  /** Loads a session and then destroys it. */
  async destroyed(): Promise<Values> {
    const live = await this.stored();
    await this.sessions.destroy(this.id);
    return live;
  }

  /** Stores the session and commits a change. */
  async commit(values: Values): Promise<void> {
    await this.sessions.commit(Object.assign(await this.stored(), values));
  }

  /** Commits values in another process's place. */
  async theirs(values: Values): Promise<void> {
    const { sessions } = serviceOver(new SqlSessionRepository(this.database.context));
    await sessions.commit(Object.assign((await sessions.load(this.id)) as object, values));
  }

  /** Replaces the data of the stored session, as another program may do. */
  async overwrite(data: string): Promise<void> {
    await this.database.run(`update {table} set data = '${data}' where session_id = '${storageKeyOf(this.id)}'`);
  }

  /** Takes the session's lock for another process, even if it is taken. */
  async takeLock(leaseId: string): Promise<void> {
    const { dialect } = this.database.context;
    await this.database.run(
      `update {table} set lease_id = '${leaseId}', lease_expires_at = ${dialect.fromNow('60000')} where session_id = '${storageKeyOf(this.id)}'`,
    );
  }

  /** Takes a lease by name for another process. */
  async takeLease(name: string): Promise<void> {
    const lease = { storageKey: storageKeyOf(this.id), name, leaseId: randomUUID() };
    await this.repository.leases!.take(lease, 60_000, false);
  }

  /** Gives the leases by name to another process. */
  async loseLeases(): Promise<void> {
    const { dialect, tableName } = this.database.context;
    await this.database.run(`update ${dialect.quote(leaseTableOf(tableName))} set lease_id = 'of another process'`);
  }
}
