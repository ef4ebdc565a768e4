import { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { SqliteDriver } from '@mikro-orm/sqlite';
import Database from 'better-sqlite3';
import { SqliteDialect } from 'kysely';
import { onDatabase } from '../../src/dialects/compiled-statements.js';
import { sqlite } from '../../src/dialects/sqlite.dialect.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';

describe('statements on SQLite', () => {
  let database: Database.Database;
  let compiled: string[];

  beforeEach(() => {
    database = new Database(':memory:');
    compiled = [];
    const prepare = database.prepare.bind(database) as (sql: string) => Database.Statement;
    Object.assign(database, { prepare: (sql: string) => (compiled.push(sql), prepare(sql)) });
  });
  afterEach(() => database.close());

  it('are compiled once', async () => {
    const run = onDatabase(database);
    await run('create table numbers (n)');
    for (const n of [1, 2]) expect(await run('insert into numbers values (?)', [n])).toEqual({ rows: [], affected: 1 });
    for (const n of [1, 2]) expect(await run('select n from numbers where n = ?', [n])).toEqual({ rows: [{ n }], affected: 0 });
    await onDatabase(database)('select n from numbers where n = ?', [1]);
    expect(compiled).toEqual(['create table numbers (n)', 'insert into numbers values (?)', 'select n from numbers where n = ?']);
  });

  it('are compiled anew when the table changes', async () => {
    const run = onDatabase(database);
    const all = () => run('select * from numbers');
    await run('create table numbers (n)');
    await run('insert into numbers values (1)');
    await all();
    await run('alter table numbers add column m');
    expect((await all()).rows).toEqual([{ n: 1, m: null }]);
    await run('drop table numbers');
    await expect(all()).rejects.toThrow('no such table: numbers');
  });

  it('are kept up to a number', async () => {
    const run = onDatabase(database);
    for (let n = 0; n <= 400; n++) await run(`select ${n}`);
    await run('select 400');
    await run('select 1');
    expect(compiled).toHaveLength(401);
    await run('select 0');
    expect(compiled).toHaveLength(402);
  });

  it('run where the app gives MikroORM a dialect of Kysely', async () => {
    const orm = await MikroORM.init({
      driver: SqliteDriver,
      dbName: ':memory:',
      entities: [],
      discovery: { warnWhenNoEntities: false },
      driverOptions: new SqliteDialect({ database }),
    });
    const runner = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection, sqlite);
    await runner.run('create table numbers (n)');
    await runner.onOneConnection((run) => run('insert into numbers values (?)', [1]));
    expect((await runner.run('select n from numbers')).rows).toEqual([{ n: 1 }]);
    await orm.close();
  });

  it('wait for a transaction of the app', async () => {
    const orm = await MikroORM.init({ driver: SqliteDriver, dbName: ':memory:', entities: [], discovery: { warnWhenNoEntities: false } });
    const runner = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection, sqlite);
    await runner.run('create table numbers (n)');
    const order: string[] = [];
    let inserted: Promise<unknown> | undefined;
    await orm.em.getConnection().transactional(async () => {
      inserted = runner.run('insert into numbers values (1)').then(() => order.push('statement'));
      await new Promise(setImmediate);
      order.push('transaction');
    });
    await inserted;
    expect(order).toEqual(['transaction', 'statement']);
    await orm.close();
  });
});
