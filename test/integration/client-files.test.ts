import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import Database from 'better-sqlite3';
import knex from 'knex';
import { SmartSessionOptions, type DatabaseContext } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { inTransaction } from '../../src/persistence/transaction.js';

describe("the app's own client: a file of SQLite", () => {
  const start = (client: object) =>
    openDatabase(new SmartSessionOptions({ secret: 'test', createTable: true, dialect: 'sqlite', client }), undefined);
  const fileOf = async ({ runner }: DatabaseContext) => (await runner.run('pragma database_list')).rows[0]?.file;
  let directory: string;
  let former: string;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(() => {
    former = process.cwd();
    directory = mkdtempSync(join(tmpdir(), 'client-files-'));
  });
  afterEach(() => {
    process.chdir(former);
    rmSync(directory, { recursive: true });
  });

  it('is the same after the process has moved to another directory', async () => {
    process.chdir(directory);
    const database = new Database('app.sqlite');
    process.chdir(tmpdir());
    const context = await start(database);
    expect(await fileOf(context)).toBe(join(directory, 'app.sqlite'));
    await context.close();
    database.close();
  });

  it('is the same if the app has extended the class', async () => {
    class AppDatabase extends Database {
      constructor(settings: { readonly file: string }) {
        super(settings.file);
      }
    }
    const database = new AppDatabase({ file: join(directory, 'app.sqlite') });
    const context = await start(database);
    expect(await fileOf(context)).toBe(join(directory, 'app.sqlite'));
    await context.close();
    database.close();
  });

  it('is not made again', async () => {
    const file = join(directory, 'app.sqlite');
    const database = new Database(file);
    rmSync(file);
    await expect(start(database)).rejects.toThrow('unable to open database file');
    expect(existsSync(file)).toBe(false);
    database.close();
  });

  it('is not written to if the app has opened it to read', async () => {
    const file = join(directory, 'app.sqlite');
    new Database(file).exec('create table products (name text)').close();
    const database = new Database(file, { readonly: true });
    await expect(start(database)).rejects.toThrow('readonly');
    database.close();
  });

  it('is refused if the app locks it for itself', async () => {
    const database = new Database(join(directory, 'app.sqlite'));
    database.pragma('locking_mode = exclusive');
    database.exec('create table products (name text)');
    await expect(start(database)).rejects.toThrow('database is locked');
    database.close();
  });

  it('is never locked for the app by a session', async () => {
    const database = new Database(join(directory, 'app.sqlite'), { timeout: 1 });
    const context = await start(database);
    const insert = database.exec('create table products (name text)').prepare("insert into products values ('tea')");
    const writing = async () => {
      for (let n = 0; n < 50; n += 1) {
        insert.run();
        await undefined;
      }
    };
    const changing = () =>
      inTransaction(context.runner, context.dialect, undefined, async (run) => {
        await run('delete from sessions');
        await run('select 1');
      });
    await Promise.all([writing(), changing(), changing(), writing()]);
    await context.close();
    database.close();
  });

  it('is in memory: no statement of the app is part of a transaction of the sessions', async () => {
    const database = new Database(':memory:');
    const context = await start(database);
    database.exec('create table products (name text)');
    const undone = inTransaction(context.runner, context.dialect, undefined, async (run) => {
      await run('delete from sessions');
      throw new Error('undone');
    });
    const writing = async () => {
      for (let n = 0; n < 50; n += 1) {
        database.exec("insert into products values ('tea')");
        await undefined;
      }
    };
    await Promise.all([expect(undone).rejects.toThrow('undone'), writing()]);
    expect(database.prepare('select count(*) as n from products').get()).toEqual({ n: 50 });
    await context.close();
    database.close();
  });

  it('saves nothing inside a transaction that the app has begun on the connection of knex', async () => {
    const instance = knex({ client: 'better-sqlite3', connection: { filename: join(directory, 'app.sqlite') }, useNullAsDefault: true });
    const context = await start(instance);
    await instance.raw('begin');
    await expect(context.runner.run("insert into session (session_id, data) values ('a', '{}')")).rejects.toThrow('a transaction open');
    await instance.raw('rollback');
    await context.runner.run('select 1');
    await context.close();
    await instance.destroy();
  });

  it('is not closed after an error, because a database in memory would be lost', async () => {
    const instance = knex({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true });
    const context = await start(instance);
    const failing = context.runner.onOneConnection(async () => {
      throw new Error('a merge rule of the app');
    });
    await expect(failing).rejects.toThrow('a merge rule');
    await context.runner.run('select * from sessions');
    await context.close();
    await instance.destroy();
  });

  it('refuses a transaction of knex', async () => {
    const instance = knex({ client: 'better-sqlite3', connection: { filename: join(directory, 'app.sqlite') }, useNullAsDefault: true });
    const transaction = await instance.transaction();
    await expect(start(transaction)).rejects.toThrow('was given. Give a `pg.Pool`');
    await transaction.rollback();
    await instance.destroy();
  });
});
