import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { SessionUnavailableError, type SessionRepository } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import { withSetting } from '../support/connection-setting.js';
import { ONE_PER_SERVER, serverOf } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;
type Server = 'postgresql' | 'mysql' | 'mariadb';

/** What to set so that a server gives an error by itself, and which it gives. */
const PROVOCATIONS = {
  postgresql: {
    serializable: 'set default_transaction_isolation = serializable',
    conflict: '40001',
    impatient: "set lock_timeout = '1s'",
    timedOut: '55P03',
    deadlock: '40P01',
    readOnly: 'set default_transaction_read_only = on',
    // Who waits so long looks for a deadlock, and becomes its victim.
    patient: "set deadlock_timeout = '300ms'",
  },
  mysql: {
    serializable: 'set session transaction isolation level serializable',
    conflict: undefined,
    impatient: 'set session innodb_lock_wait_timeout = 1',
    timedOut: 1205,
    deadlock: 1213,
    readOnly: 'set session transaction read only',
    patient: 'set session innodb_lock_wait_timeout = 50',
  },
  mariadb: {
    // What locks at once has no snapshot that could be out of date.
    serializable: 'set session innodb_snapshot_isolation = on',
    conflict: undefined,
    impatient: 'set session innodb_lock_wait_timeout = 1',
    timedOut: 1205,
    deadlock: 1213,
    readOnly: 'set session transaction read only',
    patient: 'set session innodb_lock_wait_timeout = 50',
  },
} as const;

const CASES = REPOSITORY_CASES.filter(
  ({ database }) => database !== 'sqlite' && ONE_PER_SERVER.includes(database),
) as ((typeof REPOSITORY_CASES)[number] & { database: Server })[];

describeEach(CASES)(
  'errors that $database gives by itself, $locking, $name',
  ({ database: databaseName, locking, repository: Repository, n }) => {
    const provocation = PROVOCATIONS[serverOf(databaseName)];
    let database: SessionsDatabase;
    let id: string;
    /** The codes of the errors that were met. */
    let met: unknown[];

    beforeAll(async () => {
      Logger.overrideLogger(false);
      database = await SessionsDatabase.open(databaseName, `provoked_${databaseName}_${n}`);
    });
    beforeEach(async () => {
      id = randomUUID();
      met = [];
      await services(database).sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0 }));
    });
    afterAll(() => database.close());

    function services({ context }: SessionsDatabase, timeout = 10_000, options: object = {}) {
      // Less than a second is nothing to MariaDB.
      const repository: SessionRepository = new Repository(Object.assign(Object.create(context), { lockTimeout: 1000 }) as typeof context);
      const { classify } = repository;
      repository.classify = (error) => {
        const { code, errno } = error as { code?: string; errno?: number };
        met.push(databaseName === 'postgresql' ? code : errno);
        return classify.call(repository, error);
      };
      return serviceOver(repository, { locking, timeout, ...options });
    }
    const stored = async () => (await services(database).sessions.load(id)) as Live;
    const key = () => storageKeyOf(id);

    /** Runs `work` in a transaction that somebody else has open. */
    const inOtherTransaction = (work: (run: RunStatement) => Promise<void>) =>
      database.context.runner.onOneConnection(async (run) => {
        await run('begin');
        await work((sql, parameters) => run(sql.replaceAll('{table}', database.table), parameters));
        await run('commit');
      });
    const lockRow = (run: RunStatement) => run(`select * from {table} where session_id = '${key()}' for update`);

    it('F1: commits again what a serialization failure has rolled back', async () => {
      // A version check that fails loses a race before the database has to say so.
      const isMet = () => locking !== 'pessimistic' || !provocation.conflict || met.includes(provocation.conflict);
      let rounds = 0;
      await database.over(withSetting(provocation.serializable), async (strict) => {
        const processes = Array.from({ length: 4 }, () => services(strict).sessions);
        do {
          rounds += 5;
          await Promise.all(
            processes.map(async (sessions) => {
              for (let round = 0; round < 5; round++) await sessions.update(id, (draft: Live) => draft.n++);
            }),
          );
        } while (!isMet());
      });
      expect((await stored()).n).toBe(4 * rounds);
    });

    it('F1: ends the sessions of a user after another request has changed one', async () => {
      const userId = randomUUID();
      await database.run(`update {table} set user_id = '${userId}' where session_id = '${key()}'`);
      await database.over(withSetting(provocation.serializable), async (strict) => {
        let ended: Promise<number> | undefined;
        await inOtherTransaction(async (run) => {
          await run(`update {table} set lock_version = lock_version + 1 where session_id = '${key()}'`);
          ended = services(strict, 10_000, { userId: 'user' }).sessions.destroyAll({ userId });
          await untilSomebodyWaits();
        });
        expect(await ended).toBe(1);
      });
      // Every retry could meet another change.
      if (databaseName !== 'postgresql') expect(met).toEqual([]);
    });

    it('F2: commits again when it was the victim of a deadlock', async () => {
      const other = `deadlock_${databaseName}_${n}`;
      await makeTrigger(other);
      try {
        await database.over(withSetting(provocation.patient), async (patient) => {
          const { sessions } = services(patient);
          const live = (await sessions.load(id)) as Live;
          let commit: Promise<void> | undefined;
          await inOtherTransaction(async (run) => {
            // More work than the commit's, so that InnoDB lets the commit go.
            for (let row = 2; row < 10; row++) await run(`insert into ${other} values (${row}, 0)`);
            await run(`update ${other} set n = n + 1 where id = 1`);
            commit = sessions.commit(Object.assign(live, { kept: 1 }));
            await untilSomebodyWaits();
            await lockRow(run);
          });
          await commit;
        });
        expect(met).toEqual([provocation.deadlock]);
        expect(await stored()).toMatchObject({ kept: 1 });
      } finally {
        await dropTrigger(other);
      }
    });

    it("F3: commits again when the row's lock came too late, and at no cost to other sessions", async () => {
      await database.over(withSetting(provocation.impatient), async (impatient) => {
        const { sessions } = services(impatient);
        const others = Array.from({ length: 5 }, () => Object.assign(Object.defineProperty({}, 'id', { value: randomUUID() }), { n: 0 }));
        const live = (await sessions.load(id)) as Live;
        let commit: Promise<void> | undefined;
        await inOtherTransaction(async (run) => {
          await lockRow(run);
          commit = sessions.commit(Object.assign(live, { kept: 1 }));
          await untilSomebodyWaits();
          await Promise.all(others.map((other) => sessions.commit(other)));
          // A commit that waits for the same row would have met the lock's timeout.
          expect(met).toEqual([]);
          while (met.length === 0) await sleep(20);
        });
        await commit;
      });
      expect(met).toContain(provocation.timedOut);
      expect(await stored()).toMatchObject({ kept: 1 });
    });

    it('F3 BoundedOutcome: gives up in time while another holds the row', async () => {
      const { sessions } = services(database, 300);
      const live = (await sessions.load(id)) as Live;
      await inOtherTransaction(async (run) => {
        await lockRow(run);
        await expect(sessions.commit(Object.assign(live, { late: 1 }))).rejects.toThrow('300 ms');
      });
    });

    it('F19: reads from a database that only reads, and says that it cannot write', async () => {
      await database.over(withSetting(provocation.readOnly), async (readOnly) => {
        const { sessions } = services(readOnly);
        const live = (await sessions.load(id)) as Live;
        expect(live).toMatchObject({ n: 0 });
        await expect(sessions.commit(Object.assign(live, { n: 1 }))).rejects.toThrow(SessionUnavailableError);
        await expect(sessions.commit(Object.defineProperty({ n: 1 }, 'id', { value: randomUUID() }))).rejects.toThrow(
          SessionUnavailableError,
        );
      });
      expect(await stored()).toMatchObject({ n: 0 });
    });

    it('F20: says that it is unavailable, and not that there is no session, when the server takes no more connections', async () => {
      const user = `limited_${databaseName}_${n}`;
      await makeUser(user);
      try {
        await database.over({ user, password: 'x', pool: { min: 0, max: 1 } }, async (first) => {
          await first.run('select 1');
          await database.over({ user, password: 'x' }, async (second) => {
            await expect(services(second).sessions.load(id)).rejects.toThrow(SessionUnavailableError);
          });
          expect(await services(first).sessions.load(id)).toMatchObject({ n: 0 });
        });
      } finally {
        await dropUser(user);
      }
    });

    async function makeTrigger(other: string): Promise<void> {
      await dropTrigger(other);
      await database.run(`create table ${other} (id int primary key, n int)`);
      await database.run(`insert into ${other} values (1, 0)`);
      const update = `update ${other} set n = n + 1 where id = 1`;
      if (databaseName === 'postgresql') {
        await database.run(`create function ${other}() returns trigger language plpgsql as 'begin ${update}; return null; end'`);
        await database.run(`create trigger ${other} after update on {table} for each row execute function ${other}()`);
      } else {
        await database.run(`create trigger ${other} after update on {table} for each row ${update}`);
      }
    }
    async function dropTrigger(other: string): Promise<void> {
      if (databaseName === 'postgresql') await database.run(`drop function if exists ${other} cascade`);
      else await database.run(`drop trigger if exists ${other}`);
      await database.run(`drop table if exists ${other}`);
    }
    async function untilSomebodyWaits(): Promise<void> {
      const waiting =
        databaseName === 'postgresql'
          ? "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
          : `select 1 from information_schema.innodb_trx where trx_state = 'LOCK WAIT' and trx_query like '%${databaseName}_${n}%'`;
      // Asked more often than ten times a second, InnoDB gives its last answer again.
      do await sleep(120);
      while ((await database.run(waiting)).length === 0);
    }
    async function makeUser(user: string): Promise<void> {
      await dropUser(user);
      if (databaseName === 'postgresql') {
        await database.run(`create role ${user} login password 'x' connection limit 1`);
        await database.run(`grant all on {table} to ${user}`);
      } else {
        await database.run(`create user ${user}@'%' identified by 'x' with max_user_connections 1`);
        await database.run(`grant all on {table} to ${user}@'%'`);
      }
    }
    async function dropUser(user: string): Promise<void> {
      if (databaseName !== 'postgresql') return void (await database.run(`drop user if exists ${user}@'%'`));
      const exists = (await database.run('select 1 from pg_roles where rolname = $1', [user])).length > 0;
      if (exists) await database.run(`drop owned by ${user}`);
      await database.run(`drop role if exists ${user}`);
    }
  },
);
