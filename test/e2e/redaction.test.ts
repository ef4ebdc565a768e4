import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { Catch, Logger, type ArgumentsHost, type INestApplication } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { DefaultLogger, type LogContext } from '@mikro-orm/core';
import {
  DatabaseContext,
  SessionMergeError,
  SessionService,
  SmartSessionModule,
  counter,
  defineSessionEntity,
  unionBy,
} from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { Browser } from '../support/browser.js';
import { connectionOptions } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { sessionIdOf, signedCookie } from '../support/signed-cookie.js';
import { startTestApp } from '../support/test-app.js';

describe.each(REPOSITORY_CASES)('logs, errors and answers on $database, $locking, $name', ({ database, repository, locking, n }) => {
  const tableName = `redaction_${database}_${n}`;
  let app: INestApplication;
  let logged: string[];
  let answers: string[];

  /** As an app's logger prints an error: whole, with its causes and their members. */
  @Catch()
  class Recorder extends BaseExceptionFilter {
    override catch(error: unknown, host: ArgumentsHost): void {
      logged.push(inspect(error, { depth: 9, showHidden: true }));
      Reflect.apply(BaseExceptionFilter.prototype.catch, this, [error, host]);
    }
  }

  /** As a custom logger of MikroORM prints all that it is given. */
  class OrmLogger extends DefaultLogger {
    override logQuery(context: { query: string } & LogContext): void {
      logged.push(inspect(context, { depth: 9 }));
      super.logQuery(context);
    }
  }

  beforeAll(async () => {
    logged = [];
    answers = [];
    const record = (...parts: unknown[]) => void logged.push(parts.map(String).join(' '));
    const orm = connectionOptions(database, {
      entities: [defineSessionEntity({ tableName })],
      debug: true,
      slowQueryThreshold: 0,
      colors: false,
      logger: record,
      loggerFactory: (options: never) => new OrmLogger(options),
    });
    app = await startTestApp(database, {
      imports: [MikroOrmModule.forRoot(orm as never)],
      module: SmartSessionModule.forRoot({
        secret: 'test',
        tableName,
        createTable: true,
        repository,
        locking,
        userId: 'user',
        merge: { count: counter(), cart: unionBy('sku') } as object,
        maxBytes: 2000,
        pruneInterval: false,
      }),
      prepare: (created) => created.useGlobalFilters(new Recorder(created.get(HttpAdapterHost).httpAdapter)),
    });
    Logger.overrideLogger({ log: record, error: record, warn: record, debug: record, verbose: record });
  });
  afterAll(async () => {
    Logger.overrideLogger(false);
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    await dropTables(dialect.name, runner.run, tableName);
    await app.close();
  });

  it('ASVS 16.2.5, 16.5.1, 3.3.4: tell no session id, storage key or value, and answers no statement', async () => {
    const canary = `canary-${randomBytes(8).toString('hex')}`;
    const browser = new Browser(app);
    const sessions = app.get(SessionService);
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    const table = dialect.quote(tableName);
    const send = async (answer: Promise<{ status: number; text: string }>) => {
      const { status, text } = await answer;
      answers.push(text);
      return status;
    };

    const statuses = [await send(browser.post('/dawdle', { name: canary, user: canary }))];
    const id = sessionIdOf(browser.cookie);
    await send(browser.post('/dawdle', { more: canary }));
    await send(browser.get('/nothing'));
    statuses.push(await send(browser.post('/dawdle', { big: canary.repeat(200) })));
    statuses.push(await send(browser.post('/unstorable')));
    await sessions.list({ userId: canary });
    for (const [round, values] of [{ count: canary }, { cart: [{ sku: canary }, { sku: canary }] }].entries()) {
      const [one, other] = [await sessions.load(id), await sessions.load(id)];
      await sessions.commit(Object.assign(one!, { count: round, cart: [{ sku: round }] }));
      const failure: unknown = await sessions.commit(Object.assign(other!, values)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SessionMergeError);
      logged.push(inspect(failure, { depth: 9, showHidden: true }));
    }
    await runner.run(`update ${table} set expires_at = ${dialect.fromNow('60000')}`);
    await send(browser.get('/nothing'));
    await runner.run(`update ${table} set data = '{"name":${canary}}' where session_id = '${storageKeyOf(id)}'`);
    await send(browser.post('/dawdle', { other: canary }));
    const second = sessionIdOf(browser.cookie);
    // What the database itself refuses, with the row in its message where it has one.
    await runner.run(
      dialect.name === 'sqlite'
        ? `create trigger ${tableName}_refuse before update on ${table} begin select raise(abort, 'refused'); end`
        : `alter table ${table} add constraint ${tableName}_small check (length(data) < 100)`,
    );
    statuses.push(await send(browser.post('/dawdle', { third: canary.repeat(5) })));
    await runner.run(
      dialect.name === 'sqlite' ? `drop trigger ${tableName}_refuse` : `alter table ${table} drop constraint ${tableName}_small`,
    );
    await runner.run(`update ${table} set data = 'sealed.1.0011.' where session_id = '${storageKeyOf(second)}'`);
    statuses.push(await send(browser.get('/nothing')));
    await runner.run(`drop table ${table}`);
    statuses.push(await send(browser.get('/nothing')));
    statuses.push(await send(new Browser(app).post('/dawdle', { fourth: canary })));
    expect(statuses).toEqual([201, 500, 500, 503, 500, 503, 503]);

    const secrets = [id, second].flatMap((each) => [
      each,
      encodeURIComponent(signedCookie(each)),
      storageKeyOf(each),
      storageKeyOf(each).slice(0, 9),
    ]);
    const log = logged.join('\n');
    for (const secret of [...secrets, canary]) {
      expect(log).not.toContain(secret);
      expect(answers.join('\n')).not.toContain(secret);
    }
    // There is something to be seen, and it can be found.
    expect(log).toContain(`${storageKeyOf(id).slice(0, 8)}…`);
    expect(log).toContain('SessionUnavailableError');
    if (repository.name === 'EntityManagerSessionRepository') expect(log).toMatch(/select .*session_id/);
    expect(answers.join('\n')).not.toMatch(new RegExp(`select|insert|update |${tableName}|\\.[jt]s:|    at `, 'i'));
  });
});
