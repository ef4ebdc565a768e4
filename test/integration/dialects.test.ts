import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import { DIALECTS } from '../../src/dialects/index.js';
import { leaseTableOf } from '../../src/dialects/table-layout.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { DATABASES, connectionOptions } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';

describe.each(DATABASES)('dialect %s', (databaseName) => {
  const dialect = DIALECTS[databaseName];
  const table = `odd "name" \`${dialect.name}`;
  let orm: MikroORM;
  let runner: StatementRunner;

  beforeAll(async () => {
    orm = await MikroORM.init(connectionOptions(dialect.name));
    runner = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection);
    await dropTables(dialect.name, runner.run, table);
  });

  afterAll(async () => {
    try {
      await dropTables(dialect.name, runner.run, table);
    } finally {
      await orm.close();
    }
  });

  it('sees a missing table, creates it from several callers at once, and quotes its name', async () => {
    expect(await dialect.columns(runner.run, table, undefined)).toEqual([]);
    const create = () => runner.onOneConnection((run) => dialect.createTable(run, table, undefined));
    await Promise.all([create(), create(), create()]);
    expect((await dialect.columns(runner.run, table, undefined)).toSorted()).toEqual([
      'commit_id',
      'cookie_attributes',
      'created_at',
      'data',
      'device_label',
      'expires_at',
      'ip_address',
      'last_seen_at',
      'lease_expires_at',
      'lease_id',
      'lock_version',
      'max_age',
      'session_id',
      'updated_at',
      'user_agent',
      'user_id',
      'watched_until',
    ]);
    expect(await dialect.columns(runner.run, leaseTableOf(table), undefined)).toEqual(['session_id', 'name', 'lease_id', 'expires_at']);
  });

  it('binds values, counts rows, and measures an expiry by its own clock', async () => {
    const name = dialect.quote(table);
    const [first, second, third] = [1, 2, 3].map((n) => dialect.parameter(n));
    const insert = () =>
      runner.run(
        `insert into ${name} (session_id, data, created_at, updated_at, expires_at) ` +
          `values (${first}, ${second}, ${dialect.now}, ${dialect.now}, ${dialect.fromNow(third ?? '')})${dialect.onDuplicateKey}`,
        ["k'1", '{"a":"\'; drop table x; -- \u00e4"}', 90_000],
      );
    await insert();
    await insert().catch((error: unknown) => expect(dialect.isDuplicateKey?.(error)).toBe(true));
    const { rows } = await runner.run(`select data, lock_version, expires_at, ${dialect.until('expires_at')} as remaining from ${name}`);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ data: '{"a":"\'; drop table x; -- \u00e4"}', lock_version: 0 });
    expect(Number(rows[0]?.remaining)).toBeLessThanOrEqual(90_000);
    expect(Number(rows[0]?.remaining)).toBeGreaterThan(60_000);

    const update = () =>
      runner.run(`update ${name} set lock_version = lock_version + 1 where session_id = ${first} and lock_version = ${second}`, ["k'1", 0]);
    expect((await update()).affected).toBe(1);
    expect((await update()).affected).toBe(0);
  });
});

describe('a SQLite database of its own', () => {
  it('is opened with a write-ahead log and short waits', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'smart-session-'));
    const options = new SmartSessionOptions({
      dialect: 'sqlite',
      connection: { dbName: join(folder, 'sessions.db') },
      createTable: true,
      secret: 'x',
    });
    const { runner, orm } = await openDatabase(options, undefined);
    const pragma = async (name: string) => Object.values((await runner.run(`pragma ${name}`)).rows[0] ?? {})[0];
    expect([await pragma('journal_mode'), await pragma('synchronous'), await pragma('busy_timeout')]).toEqual(['wal', 1, 50]);
    await orm!.close();
    await rm(folder, { recursive: true });
  });
});
