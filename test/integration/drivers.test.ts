import { MikroORM } from '@mikro-orm/core';
import { AbstractSqlDriver, SqlitePlatform } from '@mikro-orm/sql';
import * as sqlite from '@mikro-orm/sqlite';
import { SmartSessionOptions, type SmartSessionModuleOptions } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { CONNECTIONS, DATABASES, connectionOptions } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';

/** A driver as MikroORM's options take it. */
type Driver = new (...parameters: never[]) => object;

describe.each(DATABASES)('the dialect of a driver, on %s', (database) => {
  const { driver, ...connection } = CONNECTIONS[database] as unknown as { driver: Driver };
  const tableName = `drivers_${database}`;

  /** Opens the sessions on a database of their own, and on an app's MikroORM, and says which dialects they have. */
  async function dialectsWith(given: unknown, options: SmartSessionModuleOptions = {}): Promise<string[]> {
    return [await own(given, options), await shared(given, options)];
  }

  async function own(given: unknown, options: SmartSessionModuleOptions): Promise<string> {
    const context = await openDatabase(
      new SmartSessionOptions({
        secret: 'x',
        tableName,
        createTable: true,
        ...options,
        connection: { ...connection, driver: given as never },
      }),
      undefined,
    );
    await dropTables(context.dialect.name, context.runner.run, tableName);
    await context.close();
    return context.dialect.name;
  }

  async function shared(given: unknown, options: SmartSessionModuleOptions): Promise<string> {
    const orm = await MikroORM.init(connectionOptions(database, { driver: given }));
    try {
      const context = await openDatabase(new SmartSessionOptions({ secret: 'x', tableName, createTable: true, ...options }), orm);
      await dropTables(context.dialect.name, context.runner.run, tableName);
      return context.dialect.name;
    } finally {
      await orm.close();
    }
  }

  it("is that of a class of the app's own that extends it", async () => {
    class TracingDriver extends driver {}
    class Twice extends TracingDriver {}
    expect(await dialectsWith(Twice)).toEqual([database, database]);
  });

  it('is that of a class that a bundler has renamed', async () => {
    const name = Object.getOwnPropertyDescriptor(driver, 'name')!;
    Object.defineProperty(driver, 'name', { ...name, value: 'Qm' });
    try {
      expect(await dialectsWith(driver)).toEqual([database, database]);
      expect(await dialectsWith(class extends driver {})).toEqual([database, database]);
    } finally {
      Object.defineProperty(driver, 'name', name);
    }
  });
});

describe('a driver of another database than `dialect` says', () => {
  it.each([sqlite.SqliteDriver, class extends sqlite.SqliteDriver {}])('is refused: %o', async (driver) => {
    const opened = openDatabase(
      new SmartSessionOptions({ secret: 'x', dialect: 'mariadb', connection: { dbName: ':memory:', driver } }),
      undefined,
    );
    await expect(opened).rejects.toThrow("'mariadb' was given, but the connection's driver is for sqlite");
  });
});

describe('a driver that is none of those known', () => {
  class Qm extends AbstractSqlDriver {
    constructor(config: never) {
      super(config, new SqlitePlatform(), sqlite.SqliteConnection, ['better-sqlite3']);
    }
  }
  const open = (options: SmartSessionModuleOptions) =>
    openDatabase(
      new SmartSessionOptions({ secret: 'x', createTable: true, connection: { dbName: ':memory:', driver: Qm }, ...options }),
      undefined,
    );

  it('has the dialect that is given', async () => {
    const context = await open({ dialect: 'sqlite' });
    await context.close();
    expect(context.dialect.name).toBe('sqlite');
  });

  it('has the dialect of the class that it extends, by that name, where this is of another copy of the package', async () => {
    class SqliteDriver extends Qm {}
    class Tracing extends SqliteDriver {}
    const context = await open({ connection: { dbName: ':memory:', driver: Tracing } });
    await context.close();
    expect(context.dialect.name).toBe('sqlite');
  });

  it('is refused without one', async () => {
    await expect(open({})).rejects.toThrow('its driver is Qm');
  });
});
