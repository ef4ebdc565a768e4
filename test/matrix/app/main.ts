// An app as a user of the package writes it. It tells on its output where it listens, and ends with its input.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { EntityCaseNamingStrategy, UnderscoreNamingStrategy } from '@mikro-orm/core';
import { Module, type INestApplication, type ModuleMetadata, type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import session from 'express-session';
import {
  DatabaseContext,
  EntityManagerSessionRepository,
  SessionRepository,
  SmartSessionModule,
  defineSessionEntity,
  defineSessionLeaseEntity,
  type DialectName,
} from 'nestjs-smart-session';
import { appOrm } from './app-orm.js';
import { RaceModule } from './race.controller.js';
import { tour } from './repository-tour.js';
import { transactionsTour } from './transactions-tour.js';

/** What the runner says of a database. */
interface Database {
  name: string;
  dialect: DialectName;
  package: string;
  driver: string;
  connection: Record<string, unknown>;
  /** A dialect whose driver is not installed. */
  absent?: DialectName;
}

const secret = 'a secret of the compatibility matrix';

/** On PostgreSQL, where a schema is no database. */
const APPS_SCHEMA = 'matrix_apps';

async function main(): Promise<void> {
  // Yarn's Plug'n'Play does not know the condition `module-sync`.
  if (!process.versions.pnp) await assertOneInstance();
  const database = JSON.parse(process.argv[2] ?? '') as Database;
  if (database.absent) await assertInstallable(database.absent);
  const own = await ownDatabaseApp(database);
  if (database.dialect === 'postgresql') await own.get(DatabaseContext).runner.run(`create schema if not exists ${APPS_SCHEMA}`);
  const shared = await sharedDatabaseApp(database);
  const fastify = await fastifyApp(database);
  const apps = [own, shared, fastify] as const;
  const urls = {
    'entity manager, pessimistic': await listen(own),
    'statements, optimistic': await listen(shared),
    Fastify: await listen(fastify),
    control: await listen(await controlApp()),
  };
  for (const app of apps) await tour(app.get(SessionRepository));
  if (hasAppOrm) await transactionsTour(shared);
  process.stdout.write(`${JSON.stringify(urls)}\n`);
  process.stdin.resume().on('end', () => void end(apps));
}

/** By `require` and by `import` the package is the same: Nest finds providers by their classes. */
async function assertOneInstance(): Promise<void> {
  const required = createRequire(join(process.cwd(), 'package.json'))('nestjs-smart-session') as { SessionRepository: unknown };
  const imported = await import('nestjs-smart-session');
  assert.equal(required.SessionRepository, imported.SessionRepository, 'one instance by require and import');
}

/** The error says which driver to install. */
async function assertInstallable(dialect: DialectName): Promise<void> {
  const starting = create([SmartSessionModule.forRoot(dialect, { secret, connection: { dbName: ':memory:' } })]);
  await assert.rejects(starting, /cannot be found\. Install it, .*: npm install @mikro-orm/);
}

/** What most stores do: the whole session over whatever is there by then. */
async function controlApp(): Promise<INestApplication> {
  const app = await NestFactory.create(RaceModule, { logger: false });
  app.use(session({ secret, resave: false, saveUninitialized: false, store: new session.MemoryStore() }));
  return app;
}

/** Sessions on a database of their own, by the entity manager and row locks. */
async function ownDatabaseApp({ name, dialect, connection: place, package: from, driver }: Database): Promise<INestApplication> {
  const isDefault = name === dialect;
  const connection = { ...place, namingStrategy: EntityCaseNamingStrategy };
  return create([
    SmartSessionModule.forRoot(dialect, {
      secret,
      createTable: true,
      tableName: `matrix_${name.replace('-', '_')}_own`,
      connection: isDefault ? connection : { ...connection, driver: await driverOf(from, driver) },
      locking: 'pessimistic',
      repository: EntityManagerSessionRepository,
    }),
  ]);
}

/** An app may call its columns what it likes. The sessions' have names of their own. */
class LoudNamingStrategy extends UnderscoreNamingStrategy {
  override propertyToColumnName(name: string): string {
    return `X_${super.propertyToColumnName(name).toUpperCase()}`;
  }
}

/** MikroORM's schema, which is the table's too. */
function schemaOf({ dialect, connection }: Database): object {
  if (dialect === 'sqlite') return {};
  return { schema: dialect === 'postgresql' ? APPS_SCHEMA : connection.dbName };
}

/** Whether the sessions share the app's MikroORM. */
let hasAppOrm = false;

/** Sessions on the app's MikroORM, where @mikro-orm/nestjs has a version for it, by hand-written statements and lock versions. */
async function sharedDatabaseApp(database: Database): Promise<INestApplication> {
  const { name, dialect, package: from, driver } = database;
  const connection = { ...database.connection, ...schemaOf(database), namingStrategy: LoudNamingStrategy };
  const tableName = `matrix_${name.replace('-', '_')}_shared`;
  const driverClass = await driverOf(from, driver);
  const orm = appOrm({
    ...connection,
    driver: driverClass,
    entities: [defineSessionEntity({ tableName }), defineSessionLeaseEntity({ tableName })],
  });
  const options = { secret, createTable: true, tableName, locking: 'optimistic' as const };
  hasAppOrm = orm !== undefined;
  if (!orm) return create([SmartSessionModule.forRoot(dialect, { ...options, connection: { ...connection, driver: driverClass } })]);
  return create([orm, SmartSessionModule.forRoot(dialect, options)]);
}

/** Sessions on a database of their own, on Fastify. */
async function fastifyApp({ name, dialect, connection, package: from, driver }: Database): Promise<INestApplication> {
  const options = { secret, createTable: true, tableName: `matrix_${name.replace('-', '_')}_fastify` };
  const sessions = SmartSessionModule.forRoot(dialect, { ...options, connection: { ...connection, driver: await driverOf(from, driver) } });
  return create([sessions], new FastifyAdapter());
}

type DriverClass = new (config: never) => object;

async function driverOf(from: string, name: string): Promise<DriverClass> {
  const { default: byRequire, ...exported } = (await import(from)) as Record<string, unknown>;
  return (exported[name] ?? (byRequire as Record<string, unknown>)[name]) as DriverClass;
}

async function create(imports: NonNullable<ModuleMetadata['imports']>, adapter?: FastifyAdapter): Promise<INestApplication> {
  @Module({ imports: [...imports, RaceModule] })
  class AppModule {}
  const options: NestApplicationOptions = { logger: ['error', 'warn'], abortOnError: false };
  const app = await (adapter ? NestFactory.create(AppModule, adapter, options) : NestFactory.create(AppModule, options));
  app.enableShutdownHooks();
  return app;
}

async function listen(app: INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

async function end(apps: readonly INestApplication[]): Promise<void> {
  for (const app of apps) {
    const { runner, dialect, schema, tableName } = app.get(DatabaseContext);
    for (const name of [tableName, `${tableName}_leases`])
      await runner.run(`drop table ${schema === undefined ? '' : `${dialect.quote(schema)}.`}${dialect.quote(name)}`);
    // Another app may still have its table there.
    if (schema === APPS_SCHEMA) await runner.run(`drop schema ${APPS_SCHEMA}`).catch(() => undefined);
    await app.close();
  }
  process.exit();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
