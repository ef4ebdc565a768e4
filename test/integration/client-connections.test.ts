import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type pg from 'pg';
import { SmartSessionOptions, SqlSessionRepository, type DatabaseContext, type SmartSessionModuleOptions } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { inTransaction } from '../../src/persistence/transaction.js';
import { CLIENT_CASES, type AppClient } from '../support/app-clients.js';
import { ONE_PER_SERVER } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';

const TABLE = 'client_connections';

/** The pools. That of mysql2/promise contains that of mysql2. */
const POOLS = CLIENT_CASES.filter(
  ({ kind, dialect }) => dialect !== 'sqlite' && kind !== 'a pool of mysql2/promise' && ONE_PER_SERVER.includes(dialect),
);

/** The settings of a pool with one connection, by the kind of the client. */
const ONE_CONNECTION: Readonly<Record<string, object>> = {
  'pg.Pool': { max: 1 },
  'a pool of mysql2': { connectionLimit: 1 },
  knex: { pool: { min: 0, max: 1 } },
};

/** Ways in which an app leaves a connection in a transaction. A promise that is not awaited ends after the connection went back. */
const UNFINISHED: Readonly<Record<string, (given: AppClient) => Promise<unknown>>> = {
  'a statement of the pool': (given) => given.query('start transaction'),
  'a statement of a connection': (given) => given.run('start transaction'),
  'a statement that the app does not wait for': async (given) => {
    const { connection, giveBack } = await given.take();
    void (connection as pg.PoolClient).query('start transaction', () => {});
    return giveBack();
  },
};

/** The same, in ways that only MySQL has. */
const UNFINISHED_ON_MYSQL: typeof UNFINISHED = {
  'a prepared statement': async (given) => {
    const { connection, giveBack } = await given.take();
    const { execute } = connection as { execute(sql: string, done: () => void): void };
    await new Promise<void>((resolve) => execute.call(connection, 'start transaction', resolve));
    return giveBack();
  },
  'a setting': (given) => given.query('set autocommit = 0'),
};

describeEach(POOLS)('connections of the app: $kind, $dialect', ({ kind, dialect, open }) => {
  const isMysql = dialect !== 'postgresql';
  let given: AppClient;
  let other: AppClient;
  let context: DatabaseContext;
  let elsewhere: DatabaseContext;

  const start = (client = given.client, options: SmartSessionModuleOptions = {}) =>
    openDatabase(new SmartSessionOptions({ secret: 'test', tableName: TABLE, createTable: true, dialect, client, ...options }), undefined);
  const reopen = async (settings: object) => {
    await context.close();
    await given.close();
    given = open(settings);
    context = await start();
  };
  const insert = (n: number) => context.runner.run(`insert into ${TABLE}_rows values (${n})`);
  const rows = async () => (await elsewhere.runner.run(`select n from ${TABLE}_rows order by n`)).rows.map(({ n }) => n);

  beforeAll(async () => {
    Logger.overrideLogger(false);
    other = open();
    elsewhere = await start(other.client);
    await other.run(`drop table if exists ${TABLE}_rows`, `create table ${TABLE}_rows (n int)`);
  });
  beforeEach(async () => {
    given = open(ONE_CONNECTION[kind]);
    context = await start();
    await other.run(`delete from ${TABLE}_rows`);
  });
  afterEach(async () => {
    await context.close();
    await given.close();
  });
  afterAll(async () => {
    await elsewhere.close();
    await other.run(`drop table ${TABLE}_rows, ${TABLE}, ${TABLE}_leases`);
    await other.close();
  });

  const ways = Object.entries({ ...UNFINISHED, ...(isMysql ? UNFINISHED_ON_MYSQL : {}) });
  it.each(ways)('acknowledges no change inside a transaction that the app has begun by %s', async (_way, begin) => {
    await begin(given);
    const isAcknowledged = await insert(1).then(
      () => true,
      () => false,
    );
    await given.run('rollback');
    expect(await rows()).toEqual(isAcknowledged ? [1] : []);
  });

  it.skipIf(isMysql || kind === 'knex')(
    'ends a transaction of the app although the driver does not tell of it, as older versions of pg',
    async () => {
      given.pool!.on('connect', (client: { getTransactionStatus?: unknown }) => (client.getTransactionStatus = undefined));
      await context.runner.run('select pg_terminate_backend(pg_backend_pid())').catch(() => {});
      await given.run('begin');
      await insert(1);
      expect(await rows()).toEqual([1]);
    },
  );

  it('gives no connection back inside a transaction of its own', async () => {
    await context.runner.onOneConnection((run) => run(context.dialect.begin)).catch(() => {});
    await given.query(`insert into ${TABLE}_rows values (1)`);
    await context.runner.run('select 1');
    expect(await rows()).toEqual([1]);
  });

  it('closes a connection that the server has ended during a statement', async () => {
    const end = isMysql ? 'kill connection_id()' : 'select pg_terminate_backend(pg_backend_pid())';
    await expect(context.runner.run(end)).rejects.toThrow();
    await given.query('select 1');
  });

  // The server may have sent its last answer and the end of the connection at once.
  it.skipIf(kind !== 'pg.Pool')('survives the end of a connection that the pool has just lent', async () => {
    const crashes: unknown[] = [];
    const fail = (client: EventEmitter) => {
      try {
        client.emit('error', new Error('terminating connection due to administrator command'));
      } catch (error) {
        crashes.push(error);
      }
    };
    given.pool!.once('acquire', (client: EventEmitter) => process.nextTick(fail, client));
    await context.runner.run('select 1');
    expect(crashes).toEqual([]);
  });

  it('leaves nothing on the connections', async () => {
    const before = await tracesOn(given);
    const second = await start();
    await second.runner.run('select 1');
    expect(await tracesOn(given)).not.toEqual(before);
    await second.close();
    expect(await tracesOn(given)).toEqual(before);
  });

  it('leaves the listeners of another module if it is closed twice', async () => {
    const listeners = () => given.pool?.eventNames().map((name) => [name, given.pool!.listenerCount(name)]);
    const before = listeners();
    const second = await start();
    await second.close();
    await second.close();
    expect(listeners()).toEqual(before);
  });

  it('leaves the connections open if a statement of the app may not write', async () => {
    await reopen({});
    const taken = await Promise.all([given.take(), given.take()]);
    await Promise.all(taken.map(({ giveBack }) => giveBack()));
    await given.run('start transaction read only', `delete from ${TABLE}_rows`).catch(() => {});
    expect(taken.map(({ connection }) => socketOf(connection).destroyed)).toEqual([false, false]);
  });

  it('lends the app no connection that it is closing', async () => {
    await reopen({});
    const taken = await Promise.all([given.take(), given.take(), given.take()]);
    await Promise.all(taken.map(({ giveBack }) => giveBack()));
    const refused = context.runner.onOneConnection(async (run) => {
      await run('start transaction read only');
      await run(`delete from ${TABLE}_rows`);
    });
    await refused.catch(() => {});
    await Promise.all([given.query('select 1'), given.query('select 1'), given.query('select 1')]);
  });

  it.skipIf(isMysql)('finds the table of `schema` after the app has changed `search_path`', async () => {
    const withSchema = await start(given.client, { schema: 'public' });
    await given.query('set search_path to pg_catalog');
    await expect(new SqlSessionRepository(context).count()).rejects.toThrow('does not exist');
    expect(await new SqlSessionRepository(withSchema).count()).toBe(0);
    await withSchema.close();
  });

  it('says at start that it gets no connection', async () => {
    const { giveBack } = await given.take();
    const starting = start(given.client, { timeout: 100 });
    const outcome = await Promise.race([starting.catch((error: Error) => error.message), sleep(2000, 'no message')]);
    await giveBack();
    await starting.then(({ close }) => close()).catch(() => {});
    expect(outcome).toMatch('no connection');
  });

  // mysql2's pool hands such a connection over without an event.
  it.skipIf(!isMysql || kind === 'knex')('checks a connection again after the pool has reset it', async () => {
    await reopen({ ...ONE_CONNECTION[kind], resetOnRelease: true });
    await given.query('use information_schema');
    await expect(context.runner.run('select 1')).rejects.toThrow('The database cannot keep sessions');
  });

  it.skipIf(!isMysql)('leaves the app its wait for locks', async () => {
    await given.query('set session innodb_lock_wait_timeout = 7');
    await inTransaction(context.runner, context.dialect, 2000, (run) => run('select 1'));
    const { rows: found } = await context.runner.run('select @@session.innodb_lock_wait_timeout as seconds');
    expect(Number(found[0]?.seconds)).toBe(7);
  });

  it.skipIf(!isMysql).each(['set names latin1', 'use information_schema'])('refuses a connection after `%s`', async (spoiling) => {
    await given.query(spoiling);
    await expect(context.runner.run('select 1')).rejects.toThrow('The database cannot keep sessions');
    await context.runner.run('select 1');
  });

  it.skipIf(!isMysql)('refuses a connection that the app has moved to another database', async () => {
    const { connection, giveBack } = await given.take();
    const { changeUser } = connection as { changeUser(to: object, done: () => void): void };
    await new Promise<void>((resolve) => changeUser.call(connection, { database: 'information_schema' }, resolve));
    await giveBack();
    await expect(context.runner.run('select 1')).rejects.toThrow('The database cannot keep sessions');
  });
});

interface Pooled {
  readonly connection?: EventEmitter & { readonly stream: Socket };
  readonly stream?: Socket;
}

/** Returns what is set on a connection of the app, and who listens to it. */
async function tracesOn(given: AppClient): Promise<object> {
  const { connection, giveBack } = await given.take();
  const protocol = (connection as Pooled).connection;
  const traces = {
    own: Object.entries(connection).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
    errors: protocol?.listenerCount('errorMessage'),
    ready: protocol?.listenerCount('readyForQuery'),
    ends: socketOf(connection).listenerCount('close'),
  };
  await giveBack();
  return traces;
}

function socketOf(connection: object): Socket {
  const { stream, connection: protocol } = connection as Pooled;
  return stream ?? protocol!.stream;
}
