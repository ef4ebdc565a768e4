import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { EntitySchema, MikroORM } from '@mikro-orm/sql';
import {
  EntityManagerSessionRepository,
  SmartSessionOptions,
  SqlSessionRepository,
  StatementRunner,
  defineSessionEntity,
  defineSessionLeaseEntity,
  type RunStatement,
} from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { LAYOUT, SESSION_COLUMNS, layoutOf, leaseTableOf } from '../../src/dialects/table-layout.js';
import { openDatabase, upgradeDatabase } from '../../src/persistence/open-database.js';
import { checkLayout } from '../../src/persistence/table-check.js';
import { upgradeTable } from '../../src/persistence/table-upgrade.js';
import { CONNECTIONS, DATABASES, IS_MYSQL, connectionOptions } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { ForkedProcess } from '../support/forked-process.js';
import { layout1Of, makeLayout1 } from '../support/layout-1.js';
import { createDatabase, dropDatabase } from '../support/scratch-database.js';
import { serviceOver } from '../support/service-over.js';
import { tourSessions } from '../support/sessions-tour.js';

const REPOSITORIES = [SqlSessionRepository, EntityManagerSessionRepository];
const ADDED = ['cookie_attributes', 'user_agent', 'ip_address', 'device_label', 'last_seen_at', 'watched_until'];

beforeAll(() => Logger.overrideLogger(false));

describe.each(DATABASES)('a table of layout 1, on %s', (database) => {
  const dialect = DIALECTS[database];
  const tableName = 'web_sessions';
  const options = new SmartSessionOptions({ secret: 'x', tableName });
  const entity = defineSessionEntity({ tableName });
  let folder: string;
  let dbName: string;
  let orm: MikroORM;
  let run: RunStatement;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'table-upgrade-'));
    dbName = database === 'sqlite' ? join(folder, 'sessions.sqlite') : `table_upgrade_${database}_${process.pid}`;
    if (database !== 'sqlite') await createDatabase(database, dbName);
  });
  afterAll(async () => {
    if (database !== 'sqlite') await dropDatabase(database, dbName);
    await rm(folder, { recursive: true });
  });

  beforeEach(async () => {
    orm = await open([entity, defineSessionLeaseEntity({ tableName })]);
    ({ run } = new StatementRunner(() => orm.em.getConnection(), dialect));
    await dialect.prepare?.(run);
    await makeLayout1(database, run, tableName);
  });
  afterEach(async () => {
    await dropTables(database, run, tableName);
    await orm.close();
  });

  function open(entities: unknown[] = []): Promise<MikroORM> {
    return MikroORM.init(connectionOptions(database, { dbName, entities }));
  }

  const upgrade = (on = orm) => upgradeDatabase(options, on);
  const columns = (of = tableName) => dialect.columns(run, of, undefined);
  const layout = async () => layoutOf(await columns(), await columns(leaseTableOf(tableName))).version;

  /** Adds the first `count` of the columns, and perhaps the table of leases, as an upgrade does that ends early. */
  async function addSome(count: number, withLeases: boolean): Promise<void> {
    const types = {
      text: 'text',
      time: { postgresql: 'timestamptz(3)', mysql: 'datetime(3)', mariadb: 'datetime(3)', sqlite: 'datetime' }[database],
    };
    for (const { name, content } of SESSION_COLUMNS.filter((column) => ADDED.includes(column.name)).slice(0, count))
      await run(`alter table ${dialect.quote(tableName)} add column ${name} ${types[content as 'time' | 'text']} null`);
    if (withLeases)
      await run(dialect.tableDefinition(tableName, undefined).find((statement) => statement.includes(leaseTableOf(tableName)))!);
  }

  it('works with a warning, in both repositories', async () => {
    for (const Repository of REPOSITORIES) {
      const context = await openDatabase(options, orm);
      await tourSessions(context, new Repository(context));
      expect([context.layout, context.warnings]).toEqual([
        1,
        [
          `The table "web_sessions" has layout 1. This layout works. The newest layout is 2. ` +
            `Run \`npx smart-session create-table --upgrade\` to add the columns ${ADDED.join(', ')} and the table "web_sessions_leases".`,
        ],
      ]);
    }
    expect(await columns()).not.toContain('user_agent');
  });

  it("takes queries of the app's own by the entity", async () => {
    await run(layout1Of(database, tableName).statements.insert, ['a', '{}', 'c', 'anna', null, 3_600_000]);
    expect(await orm.em.fork().find(entity, { userId: 'anna' })).toMatchObject([{ sessionId: 'a', data: '{}' }]);
  });

  it('is not changed by createTable', async () => {
    const context = await openDatabase(new SmartSessionOptions({ secret: 'x', tableName, createTable: true }), orm);
    expect([context.isNew, context.layout, await columns(leaseTableOf(tableName))]).toEqual([false, 1, []]);
  });

  it('becomes the very table that createTable and the schema generator make, and keeps its rows', async () => {
    const key = storageKeyOf('kept');
    await run(layout1Of(database, tableName).statements.insert, [key, '{"a":1}', 'c', 'anna', null, 3_600_000]);
    expect([await upgrade(), await upgrade()]).toEqual([
      { from: 1, to: 2 },
      { from: 2, to: 2 },
    ]);
    const { rows } = await run(`select ${ADDED.join(', ')} from ${dialect.quote(tableName)}`);
    expect(rows).toEqual([Object.fromEntries(ADDED.map((name) => [name, null]))]);
    const context = await openDatabase(options, orm);
    expect([context.layout, context.warnings]).toEqual([2, []]);
    expect(await new SqlSessionRepository(context).load(key)).toMatchObject({ data: '{"a":1}' });
    const upgraded = await columns();
    // MikroORM's driver for MySQL sees a change in each column of MariaDB's that may be null.
    if (database !== 'mysql' || IS_MYSQL) expect(await orm.schema.getUpdateSchemaSQL({ safe: true, dropTables: false })).toBe('');
    await orm.schema.drop();
    await new StatementRunner(() => orm.em.getConnection(), dialect).onOneConnection((on) => dialect.createTable(on, tableName, undefined));
    expect(await columns()).toEqual(upgraded);
    await orm.schema.drop();
    await orm.schema.create();
    expect((await columns()).toSorted()).toEqual(upgraded.toSorted());
    expect(await upgrade()).toEqual({ from: 2, to: 2 });
  });

  it('is brought up to date by the schema generator, too', async () => {
    await orm.schema.update({ safe: true, dropTables: false });
    expect([await layout(), await upgrade()]).toEqual([2, { from: 2, to: 2 }]);
  });

  it.each([
    [0, true],
    [1, false],
    [5, true],
    [6, false],
  ])('of which an upgrade has added %i columns, leases: %o, is completed by the next one', async (count, withLeases) => {
    await addSome(count, withLeases);
    expect((await openDatabase(options, orm)).layout).toBe(1);
    expect(await upgrade()).toEqual({ from: 1, to: 2 });
    expect([(await columns()).slice(-6), await columns(leaseTableOf(tableName))]).toEqual([
      ADDED,
      ['session_id', 'name', 'lease_id', 'expires_at'],
    ]);
  });

  it('is upgraded by several processes at once, while an old process and a new one change the same sessions', async () => {
    const id = randomUUID();
    const shared = storageKeyOf(id);
    await run(layout1Of(database, tableName).statements.insert, [shared, '{"n":0}', randomUUID(), null, null, 3_600_000]);
    const old = new ForkedProcess<string, number>('build/test/support/layout-1-worker.js', [database, dbName, tableName, shared]);
    const others = await Promise.all([open(), open()]);
    await old.answer();
    await old.ask('before');
    const { sessions } = serviceOver(new SqlSessionRepository(await openDatabase(options, orm)), { maxAttempts: 100 });
    let added = 0;
    const add = async () => {
      await sessions.update(id, (draft) => void ((draft as { n?: number }).n! += 1));
      added++;
    };
    const work = async () => {
      for (let n = 0; n < 10; n++) await add();
    };
    const upgrades = Promise.all([...others, orm].map((on) => upgrade(on)));
    await Promise.all([work(), old.ask('during'), upgrades]);
    expect((await upgrades).map(({ to }) => to)).toEqual([2, 2, 2]);
    await work();
    await old.ask('after');
    const commits = await old.ask('stop');
    await old.stop();
    for (const other of others) await other.close();
    expect(await sessions.load(id)).toMatchObject({ n: commits + added });
    expect(commits).toBeGreaterThanOrEqual(3);
    expect(await layout()).toBe(LAYOUT);
  });

  (database === 'sqlite' ? it.skip : it)('is upgraded behind a long transaction, and others use it meanwhile', async () => {
    const [holder, upgrader] = await Promise.all([open(), open()]);
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    let hold!: () => void;
    const held = new Promise<void>((resolve) => (hold = resolve));
    const holding = new StatementRunner(() => holder.em.getConnection(), dialect).onOneConnection(async (on) => {
      await on(dialect.begin);
      await on(`select session_id from ${dialect.quote(tableName)}`);
      hold();
      await released;
      await on(dialect.commit);
    });
    await held;
    const upgraded = upgrade(upgrader);
    while (!(await isWaiting(run))) await sleep(5);
    // Behind an upgrade that waited without end these would wait too.
    const { load } = layout1Of(database, tableName).statements;
    for (let n = 0; n < 3; n++) expect((await run(load, ['x'])).rows).toEqual([]);
    expect(await layout()).toBe(1);
    release();
    await holding;
    expect(await upgraded).toEqual({ from: 1, to: 2 });
    for (const one of [holder, upgrader]) await one.close();
  });

  /** Whether a statement waits for the table. */
  async function isWaiting(on: RunStatement): Promise<boolean> {
    const { rows } = await on(
      database === 'postgresql'
        ? "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'alter table%web_sessions%' and datname = current_database()"
        : "select 1 from information_schema.processlist where state like 'Waiting for table metadata lock' and info like 'alter table%web_sessions%' and db = database()",
    );
    return rows.length > 0;
  }

  (database === 'sqlite' ? it : it.skip)('is upgraded when a writer has let the database go', async () => {
    const [holder, upgrader] = await Promise.all([open(), open()]);
    const [holding, upgrading] = [holder, upgrader].map((one) => new StatementRunner(() => one.em.getConnection(), dialect)) as [
      StatementRunner,
      StatementRunner,
    ];
    await upgrading.run('pragma busy_timeout = 0');
    await holding.run('begin immediate');
    let tell!: () => void;
    const isRefused = new Promise<void>((resolve) => (tell = resolve));
    const observed = {
      run: upgrading.run,
      onOneConnection: (work) =>
        upgrading.onOneConnection(work).catch((error: unknown) => {
          tell();
          throw error;
        }),
    } as StatementRunner;
    const upgraded = upgradeTable(dialect, observed, tableName, undefined);
    await isRefused;
    const { load } = layout1Of(database, tableName).statements;
    for (let n = 0; n < 3; n++) expect((await run(load, ['x'])).rows).toEqual([]);
    await holding.run('commit');
    expect(await upgraded).toEqual({ from: 1, to: 2 });
    for (const one of [holder, upgrader]) await one.close();
  });

  (database === 'mysql' || database === 'mariadb' ? it : it.skip)('is rebuilt online if its rows are compressed', async () => {
    await run(`alter table ${dialect.quote(tableName)} row_format = compressed`);
    await expect(run(`alter table ${dialect.quote(tableName)} add column more text null, algorithm = instant`)).rejects.toThrow();
    expect(await upgrade()).toEqual({ from: 1, to: 2 });
    expect((await columns()).slice(-6)).toEqual(ADDED);
  });

  it('takes an entity that has only its columns, before the upgrade and after it', async () => {
    const { driver: _, ...rest } = CONNECTIONS[database];
    const first = await MikroORM.init(connectionOptions(database, { ...rest, dbName, entities: [entityOfLayout1(tableName)] }));
    for (const isUpgraded of [false, true]) {
      if (isUpgraded) await upgrade(first);
      const context = await openDatabase(options, first);
      await tourSessions(context, new EntityManagerSessionRepository(context));
    }
    await first.close();
  });

  it('has no lock_version where its locking needs none, and gets none', async () => {
    await run(`alter table ${dialect.quote(tableName)} drop column lock_version`);
    expect((await openDatabase(options, orm)).isVersioned).toBe(false);
    expect(await upgrade()).toEqual({ from: 1, to: 2 });
    const context = await openDatabase(options, orm);
    expect([context.layout, context.isVersioned, context.warnings]).toEqual([2, false, []]);
  });
});

/** The entity of the version that made layout 1, on which an app may have based one of its own. */
function entityOfLayout1(tableName: string) {
  const text = (name: string, more = {}) => ({ type: 'string', fieldName: name, nullable: true, ...more });
  const time = (name: string, more = {}) => ({ type: 'datetime', length: 3, fieldName: name, ...more });
  return new EntitySchema({
    name: 'Visit',
    tableName,
    properties: {
      sessionId: { type: 'string', primary: true, length: 255, fieldName: 'session_id' },
      data: { type: 'text', fieldName: 'data' },
      lockVersion: { type: 'integer', version: true, default: 0, fieldName: 'lock_version' },
      commitId: text('commit_id'),
      userId: text('user_id'),
      maxAge: { type: 'bigint', fieldName: 'max_age', nullable: true },
      leaseId: text('lease_id'),
      leaseExpiresAt: time('lease_expires_at', { nullable: true }),
      createdAt: time('created_at'),
      updatedAt: time('updated_at'),
      expiresAt: time('expires_at'),
    },
  } as never);
}

describe('a layout', () => {
  const names = SESSION_COLUMNS.map(({ name }) => name);
  const leases = ['session_id', 'name', 'lease_id', 'expires_at'];

  it.each([
    ['all columns and the leases', names, leases, 2],
    ['all of it but lock_version', names.filter((name) => name !== 'lock_version'), leases, 2],
    ['all columns, and more of another version', [...names, 'of_layout_3'], [...leases, 'more'], 2],
    ['no table of leases', names, [], 1],
    ['a table of leases without a column', names, leases.slice(1), 1],
    ['no column of layout 2', names.slice(0, 11), leases, 1],
    ['one column of layout 2 too few', names.filter((name) => name !== 'device_label'), leases, 1],
    ['a column of layout 1 too few', names.filter((name) => name !== 'lease_id'), leases, 0],
  ])('with %s is recognized', (_name, columns, leaseColumns, version) => {
    expect(layoutOf(columns, leaseColumns).version).toBe(version);
  });

  it('adds only columns that an old process may leave out', () => {
    expect(SESSION_COLUMNS.slice(11).filter(({ constraint }) => constraint !== 'null')).toEqual([]);
  });

  it('is refused where statements need a newer one, with the command that brings it', () => {
    const old = { version: 1, missing: [], hasLeases: true };
    expect(() => checkLayout(old, 'sessions', 'shop')).not.toThrow();
    expect(() => checkLayout(old, 'sessions', 'shop', 2)).toThrow(
      'SmartSessionModule: option `tableName`: the table "shop.sessions" has layout 1, but this version needs layout 2 or a newer one. ' +
        'Run `npx smart-session create-table --upgrade`. It upgrades the table to layout 2 while old processes run.',
    );
  });
});
