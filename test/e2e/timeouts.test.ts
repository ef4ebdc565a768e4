import { Logger } from '@nestjs/common';
import type { RunStatement } from '../../src/index.js';
import type { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { SessionsApp, sessionIdOf } from '../support/sessions-app.js';
import { protocolOf } from '../support/protocol-of.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe.each(REPOSITORY_CASES)('timeouts on $database, $locking, $name', ({ database, locking, repository, n }) => {
  let app: SessionsApp;
  const log: string[] = [];

  beforeAll(async () => {
    const options = { tableName: `timeouts_${database}_${n}`, locking, repository, ttl: HOUR, absoluteTtl: 3 * HOUR, userId: 'user' };
    const prepare = () => Logger.overrideLogger({ log: (line: string) => log.push(line), warn() {}, error() {} });
    app = await SessionsApp.start(database, options, { prepare });
    Logger.overrideLogger(false);
  });
  beforeEach(() => app.clear());
  afterAll(() => app.close());

  /** How long the only session still lives, in minutes. */
  const minutesLeft = async () => {
    const [row] = await app.run(`select ${app.context.dialect.until('expires_at')} as remaining from {table}`);
    return Math.round(Number(row?.remaining) / MINUTE);
  };
  const isLive = async (browser: Browser) => Object.keys(await browser.session()).length > 0;

  it('ASVS 7.1.1 says at start how long sessions live', () => {
    expect(log.filter((line) => line.startsWith('Sessions end'))).toEqual([
      'Sessions end after 3600 s without use, and after 10800 s at the latest.',
    ]);
  });

  it('ASVS 7.3.1 refuses a session that was not used for `ttl`, though its row is there', async () => {
    const browser = await app.browser();
    await app.age(HOUR - SECOND);
    expect(await isLive(browser)).toBe(true);
    await app.age(HOUR + SECOND);
    expect(await isLive(browser)).toBe(false);
    expect(await app.rows()).toBe(1);
  });

  it('ASVS 7.3.2 ends a session that is read all the time, at `absoluteTtl`', async () => {
    const browser = await app.browser();
    const left: number[] = [];
    for (let minutes = 0; minutes < 150; minutes += 50) {
      await app.age(50 * MINUTE);
      expect(await isLive(browser)).toBe(true);
      left.push(await minutesLeft());
    }
    expect(left).toEqual([60, 60, 30]);
    await app.age(29 * MINUTE);
    expect(await isLive(browser)).toBe(true);
    await app.age(MINUTE + SECOND);
    expect(await isLive(browser)).toBe(false);
    expect(await app.rows()).toBe(1);
  });

  it('ASVS 7.3.2 ends a session that is written all the time, at `absoluteTtl`', async () => {
    const browser = await app.browser();
    for (let minutes = 0; minutes < 150; minutes += 50) {
      await app.age(50 * MINUTE);
      await browser.post('/set', { [`after${minutes}`]: 1 });
    }
    expect(await minutesLeft()).toBe(30);
    await app.age(30 * MINUTE + SECOND);
    await browser.post('/set', { late: 1 });
    expect(await browser.session()).toEqual({ late: 1 });
  });

  it('ASVS 7.3.2 neither touches nor writes in requests that outlive their sessions, alone or joined', async () => {
    const { sessions } = app;
    const ids = (await Promise.all(Array.from({ length: 4 }, () => app.browser()))).map(sessionIdOf);
    const loaded = await Promise.all(ids.map(async (id) => [id, (await sessions.load(id))!] as const));
    await app.age(3 * HOUR + SECOND);
    // As if it had been written before there was a limit: only the age tells.
    await app.run(`update {table} set expires_at = ${app.context.dialect.fromNow(String(MINUTE))}`);
    const before = await app.run('select * from {table} order by session_id');
    await Promise.all(loaded.map(([id, data]) => protocolOf(sessions).toucher.touch(id, { cookie: data.cookie })));
    await Promise.all(loaded.map(([, data]) => sessions.commit(Object.assign(data, { b: 1 }))));
    expect(await app.run('select * from {table} order by session_id')).toEqual(before);
  });

  it('ASVS 7.3.2 moves no expiry beyond `absoluteTtl` in joined touches and commits', async () => {
    const { sessions } = app;
    const ids = (await Promise.all(Array.from({ length: 6 }, () => app.browser()))).map(sessionIdOf);
    await app.age(2.5 * HOUR);
    await app.run(`update {table} set expires_at = ${app.context.dialect.fromNow(String(MINUTE))}`);
    const loaded = await Promise.all(ids.map(async (id) => [id, (await sessions.load(id))!] as const));
    await Promise.all(loaded.slice(0, 3).map(([id, data]) => protocolOf(sessions).toucher.touch(id, data)));
    await Promise.all(loaded.slice(3).map(([, data]) => sessions.commit(Object.assign(data, { b: 1 }))));
    const rows = await app.run(`select ${app.context.dialect.until('expires_at')} as remaining from {table}`);
    expect(rows.map(({ remaining }) => Math.round(Number(remaining) / MINUTE))).toEqual(Array(6).fill(30));
  });

  it('lets no max age of a cookie go beyond `absoluteTtl`', async () => {
    const browser = await app.browser();
    await browser.post('/remember', { maxAge: 30 * 24 * HOUR });
    expect(await minutesLeft()).toBe(180);
    await app.age(2 * HOUR);
    await browser.get('/session');
    expect(await minutesLeft()).toBe(60);
    await app.age(HOUR + SECOND);
    expect(await isLive(browser)).toBe(false);
  });

  it('caps a first save by `absoluteTtl`', async () => {
    const { sessions } = app;
    await protocolOf(sessions).stored.replace('long', { a: 1, cookie: { originalMaxAge: 30 * 24 * HOUR } });
    expect(await minutesLeft()).toBe(180);
  });

  it('holds sessions that are older than the option to it', async () => {
    const browser = await app.browser({ user: 'anna' });
    await app.age(2 * HOUR);
    await app.run(`update {table} set expires_at = ${app.context.dialect.fromNow(String(24 * HOUR))}`);
    const [listed] = await app.sessions.list({ userId: 'anna' });
    expect(Number(listed?.expiresAt) - Number(listed?.createdAt)).toBe(3 * HOUR);
    await app.age(HOUR + SECOND);
    expect(await isLive(browser)).toBe(false);
    expect([await app.sessions.count(), await app.sessions.list({ userId: 'anna' }), await app.rows()]).toEqual([0, [], 1]);
    await protocolOf(app.sessions).stored.replace(sessionIdOf(browser), { b: 1 });
    expect(await app.sessions.load(sessionIdOf(browser))).toMatchObject({ b: 1 });
  });

  it('begins a new life at login', async () => {
    const browser = await app.browser();
    await app.age(2.9 * HOUR);
    await app.run(`update {table} set expires_at = ${app.context.dialect.fromNow(String(5 * MINUTE))}`);
    await browser.post('/login');
    expect(await minutesLeft()).toBe(60);
    await app.age(0.5 * HOUR);
    expect(await browser.session()).toEqual({ user: 'anna' });
  });
});

describe.each(DATABASES)('the last hour of a session on %s', (database) => {
  it('is not touched, for its expiry cannot move', async () => {
    const app = await SessionsApp.start(database, { tableName: `last_hour_${database}`, ttl: HOUR, absoluteTtl: 3 * HOUR });
    const { run } = app.context.runner;
    const browser = await app.browser();
    await app.age(50 * MINUTE);
    await browser.get('/session');
    await app.age(50 * MINUTE);
    await browser.get('/session');
    await app.age(50 * MINUTE);
    const statements: string[] = [];
    const counting: RunStatement = (sql, parameters) => (statements.push(sql.split(' ')[0]!), run(sql, parameters));
    Object.defineProperty(app.context.runner, 'run', { value: counting, writable: true });
    for (let request = 0; request < 3; request++) await browser.get('/session');
    expect(statements).toEqual(['select', 'update', 'select', 'select']);
    await app.close();
  });
});
