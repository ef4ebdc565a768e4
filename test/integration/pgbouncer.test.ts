import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { EntityManagerSessionRepository, SqlSessionRepository } from '../../src/index.js';
import { SessionFeed } from '../../src/feed/session-feed.js';
import { DATABASES } from '../support/databases.js';
import { describeUnless } from '../support/describe-unless.js';
import { onPostgres } from '../support/on-postgres.js';
import { HAS_PGBOUNCER, startPgBouncer, type PgBouncer } from '../support/pgbouncer.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { Watching } from '../support/watching.js';

type Live = Record<string, any>;

const SERVER_CONNECTIONS = 2;
const CLIENT_CONNECTIONS = 16;
const PROCESSES = 3;
const SESSIONS = 8;
const ROUNDS = 10;

const TERMS = { timeout: 20_000, lease: 10_000, maxWaiting: 100 };

const LOCKINGS = ['optimistic', 'pessimistic'] as const;
const REPOSITORIES = Object.entries({ SqlSessionRepository, EntityManagerSessionRepository });
const CASES = REPOSITORIES.flatMap(([name, Repository]) => LOCKINGS.map((locking) => ({ name, Repository, locking })));

const missing = DATABASES.includes('postgresql') ? (HAS_PGBOUNCER ? undefined : 'pgbouncer is not installed') : 'not testing on postgresql';
const times = (count: number) => Array.from({ length: count }, (_, n) => n);

describeUnless(missing, 'PgBouncer in transaction pooling', () => {
  let bouncer: PgBouncer;
  let database: SessionsDatabase;
  let defaults: Live | undefined;

  /** What a transaction could leave behind on a connection to the server. */
  const STATE =
    "select current_setting('lock_timeout') as lock_timeout, current_setting('search_path') as search_path, " +
    "current_setting('TimeZone') as time_zone, current_setting('default_transaction_isolation') as isolation, " +
    '(select count(*)::int from pg_prepared_statements) as prepared, ' +
    "(select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as advisory";

  beforeAll(async () => {
    Logger.overrideLogger(false);
    bouncer = await startPgBouncer(SERVER_CONNECTIONS);
    const { host, port } = bouncer;
    database = await SessionsDatabase.open('postgresql', 'pgbouncer', { host, port, pool: { min: 0, max: CLIENT_CONNECTIONS } });
    defaults = await onPostgres(async (run) => (await run(STATE)).rows[0]);
  });
  beforeEach(() => database.run('delete from {table}'));
  afterEach(async () => {
    // All connections to the server, at once.
    const found = await Promise.all(
      times(CLIENT_CONNECTIONS).map(() => database.run(`${STATE}, pg_backend_pid() as pid, pg_sleep(0.02)::text`)),
    );
    const states = found.map(([row]) => row!);
    expect(new Set(states.map(({ pid }) => pid)).size).toBe(SERVER_CONNECTIONS);
    expect(defaults).toMatchObject({ prepared: 0, advisory: 0 });
    for (const state of states) expect(state).toMatchObject(defaults!);
  });
  afterAll(async () => {
    try {
      await database?.close();
    } finally {
      await bouncer?.stop();
    }
  }, 60_000);

  it('creates the table for several processes at once', async () => {
    const { runner, dialect, tableName } = database.context;
    await database.drop();
    await Promise.all(times(CLIENT_CONNECTIONS).map(() => runner.onOneConnection((run) => dialect.createTable(run, tableName, undefined))));
    expect(await database.run('select * from {table}')).toEqual([]);
  });

  it('leaves the ends of sessions to the poll, whatever becomes of notifications', async () => {
    const feed = { interval: 100, grace: 5000, notify: true };
    const [here, there] = times(2).map(() => serviceOver(new SqlSessionRepository(database.context), { feed }));
    const id = randomUUID();
    await here!.sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0 }));
    const watching = new Watching(there!.sessions, id);
    expect(await watching.watch.checked).toBe(true);
    await here!.sessions.destroy(id);
    expect((await watching.end()).reason).toBe('ended');
    for (const { get } of [here!, there!]) await get(SessionFeed).beforeApplicationShutdown();
  });

  describe.each(CASES)('$name, $locking', ({ Repository, locking }) => {
    /** The sizes of the statements for many. */
    let loaded: number[];
    let updated: number[];
    let processes: ReturnType<typeof serviceOver>[];
    let ids: string[];

    beforeEach(async () => {
      loaded = [];
      updated = [];
      processes = times(PROCESSES).map(() => startProcess());
      ids = times(SESSIONS).map(() => randomUUID());
      await Promise.all(
        ids.map((id) => processes[0]!.sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0 }))),
      );
    });

    function startProcess() {
      const repository = new Repository(database.context);
      const { loadMany, updateMany } = repository;
      repository.loadMany = (keys) => (loaded.push(keys.length), loadMany.call(repository, keys));
      repository.updateMany = (updates) => (updated.push(updates.length), updateMany!.call(repository, updates));
      return serviceOver(repository, { locking });
    }
    /** Does it for every session in every process, at once. */
    const each = (work: (process: ReturnType<typeof serviceOver>, id: string, n: number) => Promise<unknown>) =>
      Promise.all(processes.flatMap((process, n) => ids.map((id) => work(process, id, n))));
    const stored = () => Promise.all(ids.map((id) => startProcess().sessions.load(id))) as Promise<(Live | undefined)[]>;

    it('loses no update, and no key of a commit', async () => {
      await each(async ({ sessions }, id, n) => {
        const live = (await sessions.load(id)) as Live;
        for (const round of times(ROUNDS)) {
          live[`process${n}`] = round;
          await Promise.all([sessions.commit(live), sessions.update(id, (draft: Live) => draft.n++)]);
        }
      });
      const last = Object.fromEntries(times(PROCESSES).map((n) => [`process${n}`, ROUNDS - 1]));
      for (const session of await stored()) expect(session).toMatchObject({ n: PROCESSES * ROUNDS, ...last });
      expect(Math.max(...loaded)).toBeGreaterThan(1);
      // The entity manager has no statement that updates many.
      expect(Math.max(...updated)).toBeGreaterThan(1);
    });

    it('runs what holds the lock of a session one after the other', async () => {
      await each(async ({ sessions, locker }, id) => {
        const live = (await sessions.load(id)) as Live;
        const unlock = await locker.lock(live, TERMS);
        live.n++;
        await sessions.commit(live);
        await unlock?.();
      });
      for (const session of await stored()) expect(session).toMatchObject({ n: PROCESSES });
      expect(await database.run('select lease_id from {table} where lease_id is not null')).toEqual([]);
    });

    it('prunes each expired record once, in several processes', async () => {
      await database.expireAll();
      const pruned = await Promise.all(processes.map(({ sessions }) => sessions.prune()));
      expect(pruned.reduce((sum, count) => sum + count, 0)).toBe(SESSIONS);
      expect(await database.run('select session_id from {table}')).toEqual([]);
    });
  });
});
