// An app as a user of the package writes it. It tells on its output where it listens, and ends with its input.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Module, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import session from 'express-session';
import { DatabaseContext, EntityManagerSessionRepository, SessionRepository, SmartSessionModule, defineSessionEntity, type DialectName } from 'nestjs-smart-session';
import { appOrm } from './app-orm.js';
import { RaceModule } from './race.controller.js';
import { tour } from './repository-tour.js';

/** What the runner says of a database. */
interface Database {
  name: string;
  dialect: DialectName;
  package: string;
  driver: string;
  connection: Record<string, unknown>;
}

const secret = 'a secret of the compatibility matrix';

async function main(): Promise<void> {
  await assertOneInstance();
  const database = JSON.parse(process.argv[2] ?? '') as Database;
  const apps = [await ownDatabaseApp(database), await sharedDatabaseApp(database)] as const;
  const [own, shared] = apps;
  const urls = {
    'entity manager, pessimistic': await listen(own),
    'statements, optimistic': await listen(shared),
    control: await listen(await controlApp()),
  };
  for (const app of apps) await tour(app.get(SessionRepository));
  process.stdout.write(`${JSON.stringify(urls)}\n`);
  process.stdin.resume().on('end', () => void end(apps));
}

/** By `require` and by `import` the package is the same: Nest finds providers by their classes. */
async function assertOneInstance(): Promise<void> {
  const required = createRequire(join(process.cwd(), 'package.json'))('nestjs-smart-session') as { SessionRepository: unknown };
  const imported = await import('nestjs-smart-session');
  assert.equal(required.SessionRepository, imported.SessionRepository, 'one instance by require and import');
}

/** What most stores do: the whole session over whatever is there by then. */
async function controlApp(): Promise<INestApplication> {
  const app = await NestFactory.create(RaceModule, { logger: false });
  app.use(session({ secret, resave: false, saveUninitialized: false, store: new session.MemoryStore() }));
  return app;
}

/** Sessions on a database of their own, by the entity manager and row locks. */
async function ownDatabaseApp({ name, dialect, connection, package: from, driver }: Database): Promise<INestApplication> {
  const isDefault = name === dialect;
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

/** Sessions on the app's MikroORM, where @mikro-orm/nestjs has a version for it, by hand-written statements and lock versions. */
async function sharedDatabaseApp({ name, dialect, connection, package: from, driver }: Database): Promise<INestApplication> {
  const tableName = `matrix_${name.replace('-', '_')}_shared`;
  const driverClass = await driverOf(from, driver);
  const orm = appOrm({ ...connection, driver: driverClass, entities: [defineSessionEntity({ tableName })] });
  const options = { secret, createTable: true, tableName, locking: 'optimistic' as const };
  if (!orm) return create([SmartSessionModule.forRoot(dialect, { ...options, connection: { ...connection, driver: driverClass } })]);
  return create([orm, SmartSessionModule.forRoot(dialect, options)]);
}

type DriverClass = new (config: never) => object;

async function driverOf(from: string, name: string): Promise<DriverClass> {
  const { default: byRequire, ...exported } = (await import(from)) as Record<string, unknown>;
  return (exported[name] ?? (byRequire as Record<string, unknown>)[name]) as DriverClass;
}

async function create(imports: NonNullable<ModuleMetadata['imports']>): Promise<INestApplication> {
  @Module({ imports: [...imports, RaceModule] })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'], abortOnError: false });
  app.enableShutdownHooks();
  return app;
}

async function listen(app: INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

async function end(apps: readonly INestApplication[]): Promise<void> {
  for (const app of apps) {
    const { runner, dialect, tableName } = app.get(DatabaseContext);
    await runner.run(`drop table ${dialect.quote(tableName)}`);
    await app.close();
  }
  process.exit();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
