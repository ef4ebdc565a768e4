import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import {
  DatabaseContext,
  EntityManagerSessionRepository,
  SessionService,
  SmartSessionConfigError,
  SmartSessionMiddleware,
  SmartSessionModule,
  SmartSessionOptions,
  SqlSessionRepository,
  StatementRunner,
  defineSessionEntity,
  type SmartSessionModuleOptions,
  type SmartSessionOptionsFactory,
} from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { Browser } from '../support/browser.js';
import { CONNECTIONS, DATABASES, connectionOptions } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { raiseBarrier, startTestApp, type TestAppSettings } from '../support/test-app.js';

describe.each(DATABASES)('SmartSessionModule on %s', (database) => {
  const tableName = `module_${database}`;
  const { driver: _, ...connection } = CONNECTIONS[database];
  const options: SmartSessionModuleOptions = { secret: 'test', tableName, createTable: true };
  const ormModule = (overrides: object = {}) => MikroOrmModule.forRoot({ ...connectionOptions(database), ...overrides } as never);

  afterEach(async () => {
    const orm = await MikroORM.init(connectionOptions(database));
    await dropTables(database, new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection).run, tableName);
    await orm.close();
  });

  /** Starts an app, and sees that it stores a session and gives it back. */
  async function works(settings: TestAppSettings): Promise<DatabaseContext> {
    const app = await startTestApp(database, settings);
    try {
      const browser = new Browser(app);
      expect((await browser.post('/set', { a: 1 })).status).toBe(201);
      expect(await browser.session()).toEqual({ a: 1 });
      return app.get(DatabaseContext, { strict: false });
    } finally {
      await app.close();
    }
  }

  it("uses the app's MikroORM, and leaves closing it to the app", async () => {
    await works({ imports: [ormModule()], module: SmartSessionModule.forRoot(database, options) });
    await works({ imports: [ormModule()], module: SmartSessionModule.forRoot(options) });
  });

  it("uses the app's MikroORM of a context", async () => {
    const named = ormModule({ contextName: 'sessions', registerRequestContext: false });
    await works({ imports: [named], module: SmartSessionModule.forRoot(database, { ...options, contextName: 'sessions' }) });
    await works({ imports: [named], module: SmartSessionModule.forRootAsync({ contextName: 'sessions', useFactory: () => options }) });
    const late = SmartSessionModule.forRootAsync({ useFactory: () => ({ ...options, contextName: 'sessions' }) });
    await expect(works({ imports: [named], module: late })).rejects.toThrow(/`contextName`.*next to `useFactory`/);
    await expect(works({ imports: [named], module: SmartSessionModule.forRoot(options) })).rejects.toThrow(
      /`connection`: there is no MikroORM/,
    );
  });

  it('opens a database of its own through ConfigService, and closes it on shutdown', async () => {
    const config = ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ sessions: connection, SESSION_SECRET: 'configured' })] });
    const context = await works({
      module: SmartSessionModule.forRootAsync({
        imports: [config],
        inject: [ConfigService],
        useFactory: (service: ConfigService) => ({
          dialect: database,
          connection: service.getOrThrow<Record<string, unknown>>('sessions'),
          secret: service.getOrThrow<string>('SESSION_SECRET'),
          createTable: true,
          tableName,
        }),
      }),
    });
    expect(await context.orm!.isConnected()).toBe(false);
  });

  it('takes its options from a class', async () => {
    @Injectable()
    class SessionOptions implements SmartSessionOptionsFactory {
      createSmartSessionOptions(): SmartSessionModuleOptions {
        return { ...options, dialect: database, connection };
      }
    }
    @Module({ providers: [SessionOptions], exports: [SessionOptions] })
    class OptionsModule {}
    await works({ module: SmartSessionModule.forRootAsync({ useClass: SessionOptions }) });
    await works({ module: SmartSessionModule.forRootAsync({ imports: [OptionsModule], useExisting: SessionOptions }) });
  });

  it('takes a repository on the entity manager, when there is an entity for it', async () => {
    const settings = { ...options, repository: EntityManagerSessionRepository };
    await works({ imports: [ormModule({ entities: [defineSessionEntity({ tableName })] })], module: SmartSessionModule.forRoot(settings) });
    const orm = await MikroORM.init(connectionOptions(database));
    const context = new DatabaseContext(orm, undefined as never, DIALECTS[database], tableName, undefined, true, 1000);
    expect(() => new EntityManagerSessionRepository(context)).toThrow(/`repository`.*SessionEntity/);
    await orm.close();
  });

  it.each([SqlSessionRepository, EntityManagerSessionRepository])(
    "never touches the app's identity map or unit of work, by %o",
    async (repository) => {
      const entity = defineSessionEntity({ tableName });
      const app = await startTestApp(database, {
        imports: [ormModule({ entities: [entity] })],
        module: SmartSessionModule.forRoot({ ...options, repository }),
      });
      const { em } = app.get(MikroORM);
      const pending = {
        sessionId: 'pending',
        data: '{}',
        createdAt: new Date(),
        updatedAt: new Date(),
        expiresAt: new Date(Date.now() + 60_000),
      };
      em.persist(em.create(entity, pending as never));
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      await browser.post('/set', { b: 1 });
      expect(await app.get(SessionService).count()).toBe(1);
      expect(em.getUnitOfWork().getPersistStack().size).toBe(1);
      expect([...em.getUnitOfWork().getIdentityMap().values()]).toEqual([expect.objectContaining({ sessionId: 'pending' })]);
      await app.close();
    },
  );

  it('is mounted by one line in main.ts if it does not mount itself', async () => {
    const seen: unknown[] = [];
    await works({
      options: { ...options, mount: false },
      prepare: (app) => {
        const middleware = app.get(SmartSessionMiddleware);
        app.use(middleware.use.bind(middleware));
        app.use((request: { session?: unknown }, _response: unknown, next: () => void) => (seen.push(request.session), next()));
      },
    });
    expect(seen).not.toContain(undefined);
  });

  it("destroys what a handler sets to null, with unset: 'destroy'", async () => {
    const app = await startTestApp(database, { options: { ...options, unset: 'destroy' } });
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    await browser.delete('/null');
    expect(await browser.session()).toEqual({});
    expect(await app.get(SessionService).count()).toBe(0);
    await app.close();
  });

  it('takes the pessimistic path, by auto, on a table without a lock version', async () => {
    const file = join(tmpdir(), `unversioned-${process.pid}.sqlite`);
    const settings = { ...options, ...(database === 'sqlite' ? { connection: { dbName: file } } : {}) };
    const first = await startTestApp(database, { options: settings });
    const { runner, dialect } = first.get(DatabaseContext, { strict: false });
    await runner.run(`alter table ${dialect.quote(tableName)} drop column lock_version`);
    await first.close();
    const app = await startTestApp(database, { options: settings });
    expect(app.get(SmartSessionOptions).locking).toBe('pessimistic');
    const browser = new Browser(app);
    await browser.post('/set', { start: 1 });
    await Promise.all(Array.from({ length: 10 }, (_item, n) => browser.post('/dawdle', { [`k${n}`]: n })));
    expect(Object.keys(await browser.session())).toHaveLength(11);
    await app.close();
    await expect(startTestApp(database, { options: { ...settings, locking: 'optimistic' } })).rejects.toThrow(/`locking`/);
    rmSync(file, { force: true });
  });

  it('keeps its table in a schema, whatever the names are', async () => {
    if (database === 'sqlite') return;
    const orm = await MikroORM.init(connectionOptions(database));
    const { run } = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection);
    const { quote } = DIALECTS[database];
    const odd = { schema: `odd "schema" of ${database}`, tableName: 'odd `table" name' };
    const dropSchema = () => run(`drop schema if exists ${quote(odd.schema)}${database === 'postgresql' ? ' cascade' : ''}`);
    await dropSchema();
    await run(`create schema ${quote(odd.schema)}`);
    for (const repository of [SqlSessionRepository, EntityManagerSessionRepository])
      await works({ options: { ...options, ...odd, repository } });
    expect((await run(`select count(*) as n from ${quote(odd.schema)}.${quote(odd.tableName)}`)).rows.map(({ n }) => Number(n))).toEqual([
      2,
    ]);
    await dropSchema();
    await orm.close();
  });

  it('answers 503 when the table goes away while a handler runs, and stores nothing later', async () => {
    const app = await startTestApp(database, { options });
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    const go = raiseBarrier('gone');
    const pending = browser.post('/slow-set', { wait: 'gone', b: 1 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await runner.run(`drop table ${dialect.quote(tableName)}`);
    go();
    const response = await pending;
    expect(response.status).toBe(503);
    expect(response.headers).not.toHaveProperty('set-cookie');
    expect((await browser.get('/session')).status).toBe(503);
    const { cookie } = browser;
    expect((await browser.post('/login')).status).toBe(503);
    expect(browser.cookie).toBe(cookie);
    await runner.onOneConnection((run) => dialect.createTable(run, tableName, undefined));
    expect(await browser.session()).toEqual({});
    await app.close();
  });

  it('leaves a session as it was when it could not be destroyed to be regenerated', async () => {
    const app = await startTestApp(database, { options });
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    const go = raiseBarrier('login');
    const pending = browser.post('/slow-login', { wait: 'login' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await runner.run(`drop table ${dialect.quote(tableName)}`);
    go();
    expect((await pending).body).toEqual({ failed: 'SessionUnavailableError', isSame: true });
    await app.close();
  });

  it('prunes from time to time, and stops with the app', async () => {
    const app = await startTestApp(database, { options: { ...options, pruneInterval: 20 } });
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    const table = dialect.quote(tableName);
    const rows = async () => Number((await runner.run(`select count(*) as n from ${table}`)).rows[0]?.n);
    const browsers = [new Browser(app), new Browser(app)];
    for (const browser of browsers) await browser.post('/set', { a: 1 });
    const expired = `update ${table} set expires_at = ${dialect.fromNow('-1')} where session_id = (select session_id from (select min(session_id) as session_id from ${table}) as first)`;
    await runner.run(expired);
    while ((await rows()) > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    await runner.run(`drop table ${table}`);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await app.close();
  });

  it('commits whole, or not at all, for a client that went away', async () => {
    const app = await startTestApp(database, { options });
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    const socket = connect(Number(new URL(await app.getUrl()).port), '127.0.0.1');
    const body = JSON.stringify({ b: 1, c: 1 });
    socket.write(
      `POST /dawdle HTTP/1.1\r\nHost: x\r\nCookie: ${browser.cookie}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    await once(socket, 'close');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const session = await browser.session();
    expect([{ a: 1 }, { a: 1, b: 1, c: 1 }]).toContainEqual(session);
    await app.close();
  });

  describe('stops the start', () => {
    const WRONG: [keyof SmartSessionModuleOptions, Record<string, unknown>, RegExp][] = [
      ['secret', { secret: undefined }, /SESSION_SECRET/],
      ['dialect', { dialect: 'oracle' }, /"oracle" was given.*'postgresql'/],
      [
        'dialect',
        { dialect: database === 'sqlite' ? 'mysql' : 'sqlite', connection: { ...connection, driver: CONNECTIONS[database].driver } },
        /the connection's driver is for/,
      ],
      ['tableName', { tableName: 'no_such_table', createTable: false }, /no table "no_such_table".*createTable: true/],
      ['tableName', { tableName: 'x'.repeat(47) }, /1 to 46 bytes/],
      ['ttl', { ttl: 0 }, /0 was given.*positive number/],
      ['ttl', { ttl: '1 day' }, /"1 day" was given/],
      ['ttl', { ttl: Number.NaN }, /NaN was given/],
      ['absoluteTtl', { absoluteTtl: 0 }, /0 was given.*positive number/],
      ['absoluteTtl', { absoluteTtl: '12h' }, /"12h" was given/],
      ['touchAfter', { touchAfter: -1 }, /-1 was given/],
      ['pruneInterval', { pruneInterval: true }, /true was given/],
      ['locking', { locking: 'hopeful' }, /'optimistic', 'pessimistic', 'auto'/],
      ['name', { name: 'a b' }, /cookie name/],
      ['cookie', { cookie: { maxAge: '1d' } }, /'1d'.*maxAge in ms/],
      ['cookie', { cookie: { path: 5 } }, /cookie options/],
      ['cookie', { cookie: { secure: 'yes' } }, /cookie options/],
      ['cookie', { cookie: { expires: 1 } }, /cookie options/],
      ['merge', { merge: { visits: 'counter' } }, /visits: 'counter'.*rules by key/],
      ['merge', { merge: { visits: 1n } }, /visits: 1n.*rules by key/],
      ['mergeDefault', { mergeDefault: 'deep' }, /"deep" was given.*a rule/],
      ['serializer', { serializer: 'xml' }, /"xml" was given.*'json', 'rich'/],
      ['serializer', { serializer: { encode: () => 1 } }, /encode\(value\) and decode\(stored\)/],
      ['migrateFrom', { migrateFrom: { get: () => undefined } }, /a value of type object was given.*a store of express-session/],
      ['exclude', { exclude: 'health' }, /"health" was given.*a list of paths/],
      ['exclude', { exclude: ['health', ''] }, /a list of paths/],
      ['exclude', { exclude: [null] }, /a list of paths/],
      ['exclude', { exclude: [{ path: 'health', method: 'GET' }] }, /method: 'GET'.*RequestMethod.GET/],
      ['exclude', { exclude: [{ path: 'health' }] }, /a list of paths/],
      ['exclude', { exclude: ['health/:'] }, /cannot read a path: .*health/],
      ['exclude', { exclude: ['health'], mount: false }, /given with `mount: false`/],
      ['maxage' as never, { maxage: 1 }, /no such option.*maxBytes/],
    ];

    it.each(WRONG)('%s: %o', async (option, wrong, message) => {
      const started = startTestApp(database, {
        module: SmartSessionModule.forRoot({ ...options, dialect: database, connection, ...wrong } as never),
      });
      const error = await started.then(
        (app) => app.close(),
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(SmartSessionConfigError);
      expect(error).toMatchObject({ option, message: expect.stringMatching(message) });
      expect(String(error)).not.toContain('test');
    });
  });
});
