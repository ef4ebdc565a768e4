import { AbstractSqlDriver, EntitySchema, MikroORM, SqliteConnection, SqlitePlatform } from '@mikro-orm/sqlite';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import Database from 'better-sqlite3';
import knex from 'knex';
import mysql from 'mysql2';
import pg from 'pg';
import {
  EntityManagerSessionRepository,
  LockSession,
  SessionBoardModule,
  SessionService,
  SmartSessionModule,
  SmartSessionOptions,
  SmartSessionTestingModule,
  SqlSessionRepository,
  StatementRunner,
  type SmartSessionModuleAsyncOptions,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { openDatabase, upgradeDatabase } from '../../src/persistence/open-database.js';
import { connectionOptions } from '../support/databases.js';
import { makeLayout1 } from '../support/layout-1.js';

const MEMORY = { dbName: ':memory:' };

/** One of those that a bundler has put into a file twice, under another name. */
class UnknownDriver extends AbstractSqlDriver {
  constructor(config: never) {
    super(config, new SqlitePlatform(), SqliteConnection, ['better-sqlite3']);
  }
}

/** As an app's own repository may be. */
class RepositoryOfRecords extends SqlSessionRepository {
  override readonly users = undefined as never;
}

const OWN: SmartSessionModuleOptions = { dialect: 'sqlite', connection: MEMORY, createTable: true };

/** The ways to the messages that not the options alone can tell, with an app that is started. */
export const startProvocations: readonly (() => Promise<unknown>)[] = [
  () => start({}),
  () => Test.createTestingModule({ imports: [SmartSessionModule] }).compile(),
  () => startLate({ useFactory: () => undefined as never }),
  async () => SmartSessionModule.forRootAsync({} as never),
  () => start({ contextName: 'sessions' }),
  () => startLate({ useFactory: () => ({ contextName: 'sessions' }) }),
  () => start({ client: new pg.Client() }),
  () => start({ client: new pg.Pool({ binary: true } as object) }),
  // The file is not read before it is used.
  () => start({ client: new Database('package.json', { readonly: true }) }),
  () => start({ client: new Database(':memory:').close() }),
  () => start({ client: new pg.Pool({ connectionString: 'mysql://anna@127.0.0.1:1/shop' }) }),
  () => start({ client: new pg.Pool({ host: '127.0.0.1', port: 1 }) }),
  startOnHeldPool,
  () => start({ client: mysql.createPool({}) }),
  () => start({ dialect: 'sqlite', client: new pg.Pool() }),
  () => start({ client: new Database(':memory:'), createTable: true, repository: EntityManagerSessionRepository }),
  () => start({ connection: MEMORY }),
  openElsewhere,
  () => start({ connection: { ...MEMORY, driver: UnknownDriver } }),
  () => start({ dialect: 'mysql' }, true),
  () => start({ ...OWN, connection: { dbName: 'no-such-folder/sessions.sqlite' } }),
  () => start({ dialect: 'postgresql', connection: { clientUrl: 'postgresql://anna@127.0.0.1:1/shop' } }),
  () => start({ dialect: 'postgresql', connection: { clientUrl: 'mysql://anna@127.0.0.1:1/shop' } }),
  () => start({ ...OWN, connection: { clientUrl: undefined } }),
  () => start({ ...OWN, schema: 'nowhere' }),
  () => start({ ...OWN, tableName: 'sqlite_sessions' }),
  () => start({}, true),
  () => openWith('create table sessions (session_id text, data text)', {}),
  () => upgrade('pragma query_only = on'),
  () => upgrade('create table sessions_leases (session_id text, expires_at text)'),
  () => openWith(TABLE_WITHOUT_VERSION, { locking: 'optimistic' }),
  () => openWith(TABLE_WITHOUT_VERSION, { devices: true, userId: 'user' }),
  () => start({ ...OWN, devices: true, userId: 'user', repository: RepositoryOfRecords }),
  () => start({ repository: EntityManagerSessionRepository, createTable: true }, true),
  () => start({ repository: EntityManagerSessionRepository, createTable: true }, [entityOfApp]),
  () => start({ dialect: 'sqlite', connection: MEMORY, createTable: true, exclude: ['health/:'] }),
  async () => {
    const testing = await Test.createTestingModule({ imports: [SmartSessionTestingModule.forRoot()] }).compile();
    return testing
      .get(SessionService)
      .list({ userId: 'anna' })
      .finally(() => testing.close());
  },
  async () => {
    const testing = await Test.createTestingModule({ imports: [SmartSessionTestingModule.forRoot({ userId: 'user' })] }).compile();
    return testing
      .get(SessionService)
      .labelDevice({ userId: 'anna', handle: 'a handle', label: 'Phone' })
      .finally(() => testing.close());
  },
  async () => SessionBoardModule.forRoot({ guard: null as never }),
  async () => SessionBoardModule.forRoot({ gaurd: undefined } as object),
  async () => LockSession({ timeout: 0 }),
  async () => LockSession({ wait: 1 } as object),
  () => start({ ...OWN, events: 'EVENTS' }),
  () => start({ ...OWN, events: SmartSessionModule as never }),
];

/** Starts on a pool that never lends a connection. */
async function startOnHeldPool(): Promise<void> {
  const instance = knex({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true });
  const transaction = await instance.transaction();
  try {
    await start({ client: instance, timeout: 100 });
  } finally {
    await transaction.rollback();
    await instance.destroy();
  }
}

/** The adapter of another platform, by the type that it returns. */
class KoaAdapter extends ExpressAdapter {
  override getType(): string {
    return 'koa';
  }
}

/** Starts an app on an adapter that is not of Express or Fastify. */
export async function startOnKoa(): Promise<void> {
  const testing = await Test.createTestingModule({ imports: [SmartSessionTestingModule.forRoot()] }).compile();
  await testing.createNestApplication(new KoaAdapter(), { logger: false }).init();
}

const TABLE_WITHOUT_VERSION =
  'create table sessions (session_id text, data text, commit_id text, user_id text, max_age int, lease_id text, lease_expires_at int, created_at int, updated_at int, expires_at int)';

/** An entity of the app's own for the sessions table. */
const entityOfApp = new EntitySchema({
  name: 'Visit',
  tableName: 'sessions',
  properties: {
    sessionId: { type: 'string', primary: true },
    data: { type: 'text', fieldName: 'payload' },
    lockVersion: { type: 'integer', version: true },
  },
});

/** Starts an app, with a MikroORM of its own, perhaps with entities, or without. */
async function start(options: SmartSessionModuleOptions, orm: boolean | unknown[] = false): Promise<void> {
  const imports = orm ? [MikroOrmModule.forRoot(connectionOptions('sqlite', Array.isArray(orm) ? { entities: orm } : {}) as never)] : [];
  const testing = await Test.createTestingModule({
    imports: [...imports, SmartSessionModule.forRoot({ secret: 'x', ...options })],
  }).compile();
  await testing.createNestApplication({ logger: false }).init();
}

/** Opens a database that has this table. */
async function openWith(table: string, options: SmartSessionModuleOptions): Promise<void> {
  const orm = await MikroORM.init(connectionOptions('sqlite') as never);
  try {
    await orm.em.getConnection().execute(table);
    await openDatabase(new SmartSessionOptions({ secret: 'x', ...options }), orm);
  } finally {
    await orm.close();
  }
}

/** Upgrades a table of layout 1 after a statement that prevents it. */
async function upgrade(statement: string): Promise<void> {
  const orm = await MikroORM.init(connectionOptions('sqlite') as never);
  try {
    const { run } = new StatementRunner(() => orm.em.getConnection());
    await makeLayout1('sqlite', run, 'sessions');
    await run(statement);
    await upgradeDatabase(new SmartSessionOptions({ secret: 'x' }), orm);
  } finally {
    await orm.close();
  }
}

/** Opens a database to which MikroORM is not connected any more: it could not make it. */
async function openElsewhere(): Promise<void> {
  const orm = await MikroORM.init(connectionOptions('sqlite') as never);
  try {
    await orm.em.getConnection().ensureConnection();
    orm.config.set('dbName', 'elsewhere');
    await openDatabase(new SmartSessionOptions({ secret: 'x', createTable: true }), orm);
  } finally {
    await orm.close();
  }
}

async function startLate(options: SmartSessionModuleAsyncOptions): Promise<void> {
  await Test.createTestingModule({ imports: [SmartSessionModule.forRootAsync(options)] }).compile();
}
