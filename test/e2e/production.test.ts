import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'node:http';
import { describeUnless } from '../support/describe-unless.js';
import { readPage } from '../support/markdown.js';
import { Nginx, NO_NGINX } from '../support/nginx.js';
import { onPostgres } from '../support/on-postgres.js';
import { ProductionApp, buildProductionApp, productionCli, productionEnv } from '../support/production-app.js';
import { DATABASES } from '../support/databases.js';
import { createDatabase, dropDatabase } from '../support/scratch-database.js';

const WITHHELD = /^A session was stored, but its cookie was not sent: .*`app\.set\('trust proxy', 1\)`/;
const dbName = `production_${process.pid}`;
const env = productionEnv(dbName);

const withoutPostgres = !DATABASES.includes('postgresql') && 'PostgreSQL is not tested in this run';

describeUnless(NO_NGINX || withoutPostgres, 'an app in production behind nginx', () => {
  let apps: [ProductionApp, ProductionApp];
  let nginx: Nginx;
  const count = () => onPostgres(async (run) => Number((await run('select count(*) as n from sessions')).rows[0]!.n), { dbName });
  const nameOf = (cookie: string) => cookie.split(';')[0]!;
  const post = (path: string, headers = {}) => nginx.ask(path, { method: 'POST', headers });

  beforeAll(async () => {
    buildProductionApp();
    await createDatabase('postgresql', dbName);
    await productionCli(env, 'create-table', '--run');
    apps = await Promise.all([ProductionApp.start(env), ProductionApp.start(env)]);
    nginx = await Nginx.start('recipes/production/nginx.conf', [apps[0].port, apps[1].port]);
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.end()));
    await nginx.stop();
    await dropDatabase('postgresql', dbName);
  });

  it('passes the checks of doctor', async () => {
    const checks = (await productionCli(env, 'doctor')).trim().split('\n');
    expect(checks.filter((line) => !/^(ok|note) /.test(line))).toEqual([]);
    expect(checks.filter((line) => line.startsWith('ok')).length).toBeGreaterThan(10);
  });

  it('sends a cookie with __Host- and Secure, and keeps the session across both processes', async () => {
    const first = await post('/wishlist/tea');
    expect(first.cookie).toMatch(/^__Host-sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const headers = { cookie: nameOf(first.cookie!) };
    await post('/wishlist/mug', headers);
    for (let n = 0; n < 4; n++) expect((await nginx.ask('/wishlist', { headers })).body).toBe('["tea","mug"]');
  });

  it('redirects plain HTTP to HTTPS, whatever the client claims', async () => {
    const headers = { host: 'shop.example', 'x-forwarded-proto': 'https' };
    const { status, location } = await new Promise<{ status?: number; location?: string }>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: nginx.httpPort, path: '/wishlist/tea', method: 'POST', headers }, (response) => {
        response.resume();
        resolve({ status: response.statusCode, location: response.headers.location });
      });
      sent.once('error', reject).end();
    });
    expect([status, location]).toEqual([301, 'https://shop.example/wishlist/tea']);
  });

  it('replaces a forged X-Forwarded-Proto', async () => {
    const { status, cookie } = await post('/wishlist/tea', { 'x-forwarded-proto': 'http' });
    expect([status, cookie]).toEqual([201, expect.stringContaining('Secure')]);
  });

  it('does not trust a client that is not the proxy, and sends no cookie if it does not trust the proxy', async () => {
    const distrusting = await ProductionApp.start({ ...env, PROXY_ADDRESS: '192.0.2.1' });
    const before = await count();
    const forged = { method: 'POST', headers: { 'x-forwarded-proto': 'https' } };
    const answers = [await distrusting.fetch('/wishlist/tea', forged), await distrusting.fetch('/wishlist/mug', forged)];
    expect(answers.map(({ status, headers }) => [status, headers.getSetCookie()])).toEqual([
      [201, []],
      [201, []],
    ]);
    // The documented symptom: a new row for each request, and one warning.
    expect((await count()) - before).toBe(2);
    expect(await distrusting.end()).toBe(0);
    expect(distrusting.messages.filter((message) => WITHHELD.test(message))).toHaveLength(1);
    expect(apps.flatMap(({ messages }) => messages).filter((message) => WITHHELD.test(message))).toEqual([]);
  });

  it('answers probes without a session beside Passport, and not by way of the proxy', async () => {
    const cookie = nameOf((await post('/wishlist/tea')).cookie!);
    for (const path of ['/health/live', '/health/ready']) {
      const response = await apps[0].fetch(path, { headers: { cookie, 'x-forwarded-proto': 'https' } });
      expect([response.status, response.headers.getSetCookie(), response.headers.get('vary')]).toEqual([200, [], null]);
      expect((await nginx.ask(path)).status).toBe(404);
    }
  });

  it('is alive and not ready while the table is locked', async () => {
    await onPostgres(
      async (run) => {
        await run('begin');
        await run('lock table sessions in access exclusive mode');
        expect([await apps[0].status('/health/live'), await apps[0].status('/health/ready')]).toEqual([200, 503]);
        await run('rollback');
      },
      { dbName, pool: { min: 1, max: 1 } },
    );
    await apps[0].untilReady();
  });

  it('brings ended sessions back with a backup, until its tables are emptied as the page says', async () => {
    const emptying = readPage('docs/production.md').blocks.filter(({ text }) => text.startsWith('truncate'));
    expect(emptying).toHaveLength(1);
    const headers = { cookie: nameOf((await post('/wishlist/tea')).cookie!) };
    const onDatabase = (statement: string) => onPostgres((run) => run(statement), { dbName });
    const wishlist = async () => (await nginx.ask('/wishlist', { headers })).body;
    await onDatabase('create table backup as select * from sessions');
    // As a logout does it.
    await onDatabase('delete from sessions');
    expect(await wishlist()).toBe('[]');
    await onDatabase('insert into sessions select * from backup on conflict do nothing');
    expect(await wishlist()).toBe('["tea"]');
    await onDatabase(emptying[0]!.text);
    expect(await wishlist()).toBe('[]');
  });

  it('stores the commits in flight after SIGTERM, ends with 0, and loses no request meanwhile', async () => {
    const cookies = await Promise.all(Array.from({ length: 8 }, async () => nameOf((await post('/wishlist/tea')).cookie!)));
    const leaving = apps[0];
    await onPostgres(
      async (run) => {
        const loads = async () => (await Promise.all(apps.map((app) => app.loads()))).reduce((sum, n) => sum + n);
        const loadedBefore = await loads();
        await run('begin');
        await run('select session_id from sessions for update');
        const inFlight = cookies.map((cookie) => post('/wishlist/mug', { cookie }));
        // Each of these requests has reached its process. Its commit waits for the lock.
        while ((await loads()) < loadedBefore + cookies.length) await sleep(20);
        const begun = performance.now();
        const ended = leaving.end();
        while ((await leaving.status('/health/live')) !== undefined) await sleep(20);
        // nginx asks the other process.
        const others = await Promise.all([1, 2, 3, 4].map(() => nginx.ask('/wishlist')));
        expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
        await run('rollback');
        expect((await Promise.all(inFlight)).map(({ status }) => status)).toEqual(cookies.map(() => 201));
        expect(await ended).toBe(0);
        expect(performance.now() - begun).toBeLessThan(10_000);
      },
      { dbName, pool: { min: 1, max: 1 } },
    );
    const stored = await Promise.all(cookies.map(async (cookie) => (await nginx.ask('/wishlist', { headers: { cookie } })).body));
    expect(stored).toEqual(cookies.map(() => '["tea","mug"]'));
  });

  it('serves its metrics on a port of its own', async () => {
    const text = await apps[1].metrics();
    expect(text).toMatch(/^smart_session_load_duration\w*_count\{.*smart_session_outcome="found"/m);
    expect(text).toMatch(/^smart_session_commit_duration\w*_count\{.*smart_session_outcome="committed"/m);
    expect((await nginx.ask('/metrics')).status).toBe(404);
  });
});
