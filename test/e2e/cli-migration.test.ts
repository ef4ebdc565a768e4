import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import Database from 'better-sqlite3';
import { drizzle as onSqlite } from 'drizzle-orm/better-sqlite3';
import { migrate as migrateSqlite } from 'drizzle-orm/better-sqlite3/migrator';
import { drizzle as onMysql } from 'drizzle-orm/mysql2';
import { migrate as migrateMysql } from 'drizzle-orm/mysql2/migrator';
import { drizzle as onPostgresql } from 'drizzle-orm/node-postgres';
import { migrate as migratePostgresql } from 'drizzle-orm/node-postgres/migrator';
import knex from 'knex';
import { createPool } from 'mysql2/promise';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { DialectName } from '../../src/index.js';
import type { Check } from '../../src/cli/doctor/check.js';
import { formatFor, languageOfApp } from '../../src/cli/migration/formats.js';
import type { MigrationLanguage, MigrationPlan } from '../../src/cli/migration/migration-format.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { OptionsFile, cli, cliProcess } from '../support/cli.js';
import { CONNECTIONS, ONE_PER_SERVER, connectionOptions } from '../support/databases.js';
import { createDatabase, dropDatabase } from '../support/scratch-database.js';
import { SERVERS } from '../support/servers.js';

let directory: string;

/** The place of an app, whose modules are in this repository. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smart-session-migration-'));
  await symlink(resolve('node_modules'), join(directory, 'node_modules'));
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rm(directory, { recursive: true }));

/** Runs a migration with its tool, and can undo it. */
interface Tool {
  up(): Promise<unknown>;
  down?(): Promise<unknown>;
  close(): Promise<unknown>;
}

type OpenTool = (database: DialectName, dbName: string, folder: string) => Promise<Tool>;

const serverOf = (database: Exclude<DialectName, 'sqlite'>, name: string) => {
  const { host, port, user, password } = SERVERS[database];
  return { host, port, user, password, database: name };
};

const TOOLS: Readonly<Record<string, OpenTool>> = {
  async 'mikro-orm'(database, dbName, folder) {
    const migrations = { path: folder, pathTs: folder, glob: '*.ts', snapshot: false };
    const orm = await MikroORM.init(connectionOptions(database, { dbName, extensions: [Migrator], migrations }));
    return { up: () => orm.migrator.up(), down: () => orm.migrator.down(), close: () => orm.close() };
  },

  async typeorm(database, dbName, folder) {
    const types = { postgresql: 'postgres', mysql: 'mysql', mariadb: 'mariadb', sqlite: 'better-sqlite3' } as const;
    const server = database === 'sqlite' ? { database: dbName } : { ...serverOf(database, dbName), username: SERVERS[database].user };
    const options = { type: types[database], ...server, migrations: [join(folder, '*.ts')] };
    const source = await new DataSource(options as DataSourceOptions).initialize();
    return { up: () => source.runMigrations(), down: () => source.undoLastMigration(), close: () => source.destroy() };
  },

  async knex(database, dbName, folder) {
    const connection = database === 'sqlite' ? { filename: dbName } : serverOf(database, dbName);
    const client = { postgresql: 'pg', mysql: 'mysql2', mariadb: 'mysql2', sqlite: 'better-sqlite3' }[database];
    const instance = knex({ client, connection, useNullAsDefault: true });
    const migrations = { directory: folder, loadExtensions: ['.ts'] };
    return {
      up: () => instance.migrate.latest(migrations),
      down: () => instance.migrate.rollback(migrations),
      close: () => instance.destroy(),
    };
  },

  async drizzle(database, dbName, migrationsFolder) {
    if (database === 'sqlite') {
      const file = new Database(dbName);
      return { up: async () => migrateSqlite(onSqlite(file), { migrationsFolder }), close: async () => file.close() };
    }
    if (database === 'postgresql') {
      const pool = new pg.Pool(serverOf(database, dbName));
      return { up: () => migratePostgresql(onPostgresql(pool), { migrationsFolder }), close: () => pool.end() };
    }
    const pool = createPool(serverOf(database, dbName));
    return { up: () => migrateMysql(onMysql(pool), { migrationsFolder }), close: () => pool.end() };
  },

  async sql(database, dbName, folder) {
    const orm = await MikroORM.init(connectionOptions(database, { dbName }));
    const { run } = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection);
    const up = async () => {
      const file = (await readdir(folder, { recursive: true })).find((name) => name.endsWith('.sql'));
      const text = await readFile(join(folder, file!), 'utf8');
      for (const statement of text.split(';\n').slice(0, -1)) await run(statement);
    };
    return { up, close: () => orm.close() };
  },

  // Prisma runs each file as it is, by a program that is not on npm.
  prisma: (...given) => TOOLS.sql!(...given),
};

describe.each(ONE_PER_SERVER)('a migration, on %s', (database) => {
  const name = `cli_migration_${database}_${process.pid}`;
  let dbName: string;
  let file: OptionsFile;

  beforeAll(async () => {
    dbName = database === 'sqlite' ? join(directory, `${name}.sqlite`) : name;
    if (database !== 'sqlite') await createDatabase(database, dbName);
    const connection = database === 'sqlite' ? { dbName } : { ...CONNECTIONS[database], driver: undefined, dbName };
    file = await OptionsFile.write(database, 'sessions', { connection, secret: randomBytes(32).toString('base64') });
  });
  afterAll(async () => {
    await file.remove();
    if (database !== 'sqlite') await dropDatabase(database, dbName);
  });

  it.each(Object.keys(TOOLS))('for %s makes the tables, and drops them', async (format) => {
    const folder = join(directory, `${name}_${format}`);
    const table = `by_${format.replace('-', '_')}`;
    const run = (...words: string[]) => file.run([...words, '--table', table]);
    /** The findings of `doctor`: it knows the columns, the keys, the indexes, the engine and the fillfactor. */
    const flaws = async () => {
      const { checks } = JSON.parse((await run('doctor', '--json')).out) as { checks: Check[] };
      return checks.filter(({ status }) => status === 'warn' || status === 'fail').map(({ found }) => found);
    };
    const { code, out, err } = await run('create-table', '--migration', folder, '--format', format);
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining(`It is a migration of the format ${format}.`) });
    expect(out.trim().startsWith(join(folder, '/'))).toBe(true);
    const tool = await TOOLS[format]!(database, dbName, folder);
    try {
      await tool.up();
      expect(await flaws()).toEqual([]);
      if (!tool.down) return;
      await tool.down();
      expect(await flaws()).toEqual([expect.stringMatching(`there is no table "${table}"`)]);
    } finally {
      await tool.close();
    }
  });
});

describe('create-table --migration', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(directory, 'migrations-'));
  });

  const write = (format: string, ...words: string[]) =>
    cli(['create-table', '--dialect', 'postgresql', '--migration', folder, '--format', format, ...words]);

  it('creates the folder', async () => {
    const missing = join(folder, 'a', 'b');
    expect((await cli(['create-table', '--dialect', 'sqlite', '--migration', missing, '--format', 'sql'])).code).toBe(0);
    expect(await readdir(missing)).toEqual([expect.stringMatching(/^\d{14}_create_sessions\.sql$/)]);
  });

  it.each(['mikro-orm', 'typeorm', 'knex', 'drizzle', 'prisma', 'sql'])('writes no second one for %s', async (format) => {
    const { out } = await write(format);
    const before = await readFile(out.trim(), 'utf8');
    // Prisma has a folder for each.
    const found = format === 'prisma' ? dirname(out.trim()) : out.trim();
    expect(await write(format)).toEqual({
      code: 2,
      out: '',
      err: `smart-session: create-table: ${found} creates the table already. Delete it first if it has run nowhere.\n`,
    });
    expect(await readFile(out.trim(), 'utf8')).toBe(before);
    const other = await write(format, '--table', 'web_sessions');
    expect(other.code).toBe(0);
  });

  it("adds to drizzle-kit's journal", async () => {
    const first = { idx: 4, version: '7', when: Date.now() + 60_000, tag: '0004_first', breakpoints: true };
    await mkdir(join(folder, 'meta'));
    const journal = join(folder, 'meta', '_journal.json');
    await writeFile(journal, JSON.stringify({ version: '7', dialect: 'postgresql', more: 1, entries: [first] }));
    const { out } = await write('drizzle');
    expect(basename(out.trim())).toBe('0005_create_sessions.sql');
    expect(JSON.parse(await readFile(journal, 'utf8'))).toEqual({
      version: '7',
      dialect: 'postgresql',
      more: 1,
      entries: [first, { idx: 5, version: '7', when: first.when + 1, tag: '0005_create_sessions', breakpoints: true }],
    });
    await writeFile(journal, '[]');
    const wrong = await write('drizzle', '--table', 'other');
    expect(wrong).toMatchObject({ code: 2, err: expect.stringMatching(/_journal\.json is not a journal of drizzle-kit\./) });
    expect(await readFile(journal, 'utf8')).toBe('[]');
  });

  it('writes TypeScript that compiles', async () => {
    const tables = { postgresql: 'web_sessions', mysql: "it's `odd` \\ ${x}" };
    for (const [dialect, table] of Object.entries(tables))
      for (const format of ['mikro-orm', 'typeorm', 'knex']) {
        const own = join(folder, dialect, format);
        expect((await cli(['create-table', '--dialect', dialect, '--migration', own, '--format', format, '--table', table])).err).toMatch(
          'It is',
        );
      }
    const options = '--noEmit --strict --noImplicitOverride --module nodenext --skipLibCheck --types node --target es2023'.split(' ');
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));
    expect(files).toHaveLength(6);
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await promisify(execFile)(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...options, ...files], { cwd: folder });
  });

  describe.each(['es-module', 'commonjs'] as const)('for an app in %s', (language: MigrationLanguage) => {
    it.each(['mikro-orm', 'typeorm', 'knex'])('writes JavaScript for %s', async (name) => {
      const statements = ["select 'a'", 'select `b`'];
      const plan: MigrationPlan = {
        dialect: 'mysql',
        up: statements,
        down: ['select 2'],
        title: 'create_sessions',
        time: new Date(0),
        language,
      };
      const format = await formatFor(name);
      const { name: fileName, text } = await format.fileFor(plan, folder);
      expect(fileName).toMatch(/\.js$/);
      await writeFile(join(folder, 'package.json'), JSON.stringify({ type: language === 'commonjs' ? 'commonjs' : 'module' }));
      const path = join(folder, fileName);
      await writeFile(path, text);
      const exported = (
        language === 'commonjs' ? createRequire(import.meta.url)(path) : await import(/* @vite-ignore */ pathToFileURL(path).href)
      ) as Record<string, unknown>;
      const run: string[] = [];
      const note = async (sql: string) => void run.push(sql);
      if (name === 'knex') await (exported.up as (knex: object) => Promise<void>)({ raw: note });
      else {
        const Class = (typeof exported === 'function' ? exported : Object.values(exported)[0]) as new (...given: unknown[]) => {
          addSql?: unknown;
          up(runner: object): Promise<void>;
        };
        const migration = new Class({}, { get: () => ({}) });
        if (name === 'mikro-orm') migration.addSql = note;
        await migration.up({ query: note });
      }
      expect(run).toEqual(statements);
    });
  });

  it.each([
    [{ '@mikro-orm/migrations': '7', typeorm: '1' }, 'mikro-orm'],
    [{ '@mikro-orm/core': '7', typeorm: '1' }, 'typeorm'],
    [{ '@mikro-orm/postgresql': '7', 'drizzle-kit': '1', 'drizzle-orm': '1' }, 'drizzle'],
    [{ knex: '3' }, 'knex'],
    [{ '@prisma/client': '7' }, 'prisma'],
    [{ '@mikro-orm/postgresql': '7' }, 'mikro-orm'],
    [{ express: '5' }, 'sql'],
    [undefined, 'sql'],
  ])('for an app with %j it takes %s', async (packages, expected) => {
    const manifest = (key: string) => writeFile(join(folder, 'package.json'), JSON.stringify({ [key]: packages }));
    await manifest('dependencies');
    expect((await formatFor(undefined, folder)).name).toBe(expected);
    await manifest('devDependencies');
    expect((await formatFor(undefined, folder)).name).toBe(expected);
  });

  it("takes the language of the app's files", async () => {
    expect(await languageOfApp(folder)).toBe('commonjs');
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    expect(await languageOfApp(folder)).toBe('es-module');
    await writeFile(join(folder, 'tsconfig.json'), '{}');
    expect(await languageOfApp(folder)).toBe('typescript');
  });

  it('finds the tool in the folder where it runs', async () => {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', dependencies: { knex: '3' } }));
    const run = await cliProcess(['create-table', '--dialect', 'sqlite', '--migration', 'db/migrations'], folder);
    expect(run).toEqual({
      code: 0,
      out: expect.stringMatching(/^db\/migrations\/\d{14}_create_sessions\.js\n$/),
      err: 'It is a migration of the format knex. Run it: npx knex migrate:latest\n',
    });
  });

  it.each([
    [['--format', 'sql'], '--format was given without --migration. Give the folder of the migrations too.'],
    [['--migration='], '--migration is empty. Give the folder of the migrations.'],
    [['--migration', 'x', '--run'], 'give either --run or --migration.'],
    [['--migration', 'x', '--format', 'rails'], '--format rails is unknown. Give one of mikro-orm, typeorm, knex, drizzle, prisma, sql.'],
  ])('refuses %j', async (words, message) => {
    expect(await cli(['create-table', '--dialect', 'sqlite', ...words])).toEqual({
      code: 2,
      out: '',
      err: `smart-session: create-table: ${message}\n`,
    });
  });
});
