import type { INestApplication } from '@nestjs/common';
import { EntityManagerSessionRepository } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { CLIENT_CASES, type AppClient } from '../support/app-clients.js';
import { dropTablesOf } from '../support/drop-tables.js';
import { startTestApp } from '../support/test-app.js';

/** The settings of a pool with one connection, by the kind of the client. */
const ONE_CONNECTION: Readonly<Record<string, object>> = {
  'pg.Pool': { max: 1 },
  'a pool of mysql2': { connectionLimit: 1 },
  'a pool of mysql2/promise': { connectionLimit: 1 },
  knex: { pool: { min: 0, max: 1 } },
};

describe.each(CLIENT_CASES)("the app's own client: $kind, $dialect", ({ kind, dialect, open }) => {
  const tableName = `client_${kind.replaceAll(/\W/g, '_').toLowerCase()}_${dialect}`;
  let given: AppClient;
  let app: INestApplication;

  const start = () => startTestApp(dialect, { options: { connection: undefined, client: given.client, tableName } });

  beforeAll(async () => {
    given = open();
    app = await start();
  });
  afterAll(async () => {
    await dropTablesOf(app);
    await app.close();
    await given.close();
  });

  it('keeps the changes of all requests of one session', async () => {
    const browser = new Browser(app);
    await browser.post('/set', { start: 1 });
    const keys = Array.from({ length: 30 }, (_, n) => `key${n}`);
    const answers = await Promise.all(keys.map((key) => browser.post('/dawdle', { [key]: 1 })));
    expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 201));
    expect((await browser.get('/session')).body).toMatchObject(Object.fromEntries(keys.map((key) => [key, 1])));
  });

  it('leaves the client open, and nothing of its own on it', async () => {
    const listeners = () => given.pool?.eventNames().map((name) => [name, given.pool!.listenerCount(name)]);
    const before = listeners();
    const second = await start();
    expect((await new Browser(second).post('/set', { a: 1 })).status).toBe(201);
    await second.close();
    await given.run('select 1');
    expect(listeners()).toEqual(before);
    expect((await new Browser(app).post('/set', { a: 1 })).status).toBe(201);
  });

  it('leaves nothing on the client if the start fails', async () => {
    const listeners = () => given.pool?.eventNames().map((name) => [name, given.pool!.listenerCount(name)]);
    const before = listeners();
    const options = { connection: undefined, client: given.client, tableName, repository: EntityManagerSessionRepository };
    await expect(startTestApp(dialect, { options })).rejects.toThrow('needs MikroORM');
    expect(listeners()).toEqual(before);
  });

  it('saves no session inside a transaction of the app', async () => {
    const browser = new Browser(app);
    await browser.post('/set', { start: 1 });
    const pause = dialect === 'postgresql' ? 'select pg_sleep(0.1)' : dialect === 'sqlite' ? 'select 1' : 'do sleep(0.1)';
    const writing = given.run('begin', `delete from ${tableName} where session_id = 'absent'`, pause, 'rollback');
    const answer = await browser.post('/set', { a: 1 });
    await writing;
    expect(answer.status).toBe(201);
    expect(await browser.session()).toEqual({ start: 1, a: 1 });
  });

  it.skipIf(dialect === 'sqlite')('ends a transaction in which the app has given a connection back', async () => {
    const one = open(ONE_CONNECTION[kind]);
    const onOne = await startTestApp(dialect, { options: { connection: undefined, client: one.client, tableName } });
    const browser = new Browser(onOne);
    await browser.post('/set', { start: 1 });
    await one.run('begin', `delete from ${tableName} where session_id = 'absent'`);
    await browser.post('/set', { a: 1 });
    await one.run('rollback');
    expect(await browser.session()).toEqual({ start: 1, a: 1 });
    await onOne.close();
    await one.close();
  });
});
