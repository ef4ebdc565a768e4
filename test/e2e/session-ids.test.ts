import { Logger, type INestApplication } from '@nestjs/common';
import request from 'supertest';
import { DatabaseContext, SessionService, SmartSessionStore } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { dropTablesOf } from '../support/drop-tables.js';
import { sessionIdOf, signedCookie } from '../support/signed-cookie.js';
import { startTestApp } from '../support/test-app.js';

/** Deviations that a share of fair draws has once in millions. */
const FIVE_SIGMA = 5;

describe.each(DATABASES)('session ids on %s', (database) => {
  const tableName = `ids_${database}`;
  let app: INestApplication;

  beforeAll(async () => {
    app = await startTestApp(database, { options: { tableName, secret: ['test', 'older'], pruneInterval: false } });
  });
  afterAll(async () => {
    await dropTablesOf(app);
    await app.close();
  });

  const run = async (sql: string, target = app) => {
    const { runner, dialect, tableName: table } = target.get(DatabaseContext, { strict: false });
    return (await runner.run(sql.replace('{table}', dialect.quote(table)))).rows;
  };
  const rows = async () => Number((await run('select count(*) as n from {table}'))[0]?.n);
  const read = (cookie: string) => request(app.getHttpServer()).get('/session').set('Cookie', cookie);
  const expectAnonymous = async (cookie: string) => {
    const { status, body, headers } = await read(cookie);
    expect([status, Object.keys(body), headers['set-cookie']]).toEqual([200, ['cookie'], undefined]);
  };

  it('ASVS 7.2.3, 11.5.1: are 32 characters of 192 random bits, each as likely as another', () => {
    const store = app.get(SmartSessionStore);
    const count = 10_000;
    const ids = Array.from({ length: count }, () => {
      const fresh = {} as { sessionID: string };
      store.generate(fresh as never);
      return fresh.sessionID;
    });
    expect(new Set(ids).size).toBe(count);
    const seen = new Map<string, number>();
    for (const id of ids) {
      expect(id).toMatch(/^[\w-]{32}$/);
      for (const character of id) seen.set(character, (seen.get(character) ?? 0) + 1);
    }
    expect(seen.size).toBe(64);
    const expected = (count * 32) / 64;
    for (const found of seen.values()) expect(Math.abs(found - expected)).toBeLessThan(FIVE_SIGMA * Math.sqrt(expected));
  });

  it.each<[string, (cookie: string) => string, boolean]>([
    ['the cookie of a session', (cookie) => cookie, true],
    ['one beside others', (cookie) => `a=1; ${cookie}; b=2`, true],
    ['one that an older secret has signed', (cookie) => signedCookie(sessionIdOf(cookie), 'older'), true],
    ['one that another secret has signed', (cookie) => signedCookie(sessionIdOf(cookie), 'unknown'), false],
    ['one without a signature', (cookie) => `sid=${sessionIdOf(cookie)}`, false],
    ['one of another name', (cookie) => cookie.replace('sid', 'other'), false],
    ['no cookie', () => '', false],
  ])('are found in a request without the middleware: %s', async (_what, given, isFound) => {
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    const found = app.get(SessionService).idOf({ headers: { cookie: given(browser.cookie) } });
    expect(found).toBe(isFound ? sessionIdOf(browser.cookie) : undefined);
    if (found) expect(await app.get(SessionService).load(found)).toMatchObject({ a: 1 });
  });

  it('ASVS 11.4.1: stand in no column: what is stored is their SHA-256, and that opens no session', async () => {
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    const id = sessionIdOf(browser.cookie);
    const [row] = await run(`select * from {table} where session_id = '${storageKeyOf(id)}'`);
    expect(row).toBeDefined();
    for (const stored of Object.values(row!)) expect(String(stored)).not.toContain(id);
    await expectAnonymous(signedCookie(storageKeyOf(id)));
  });

  it('ASVS 7.2.1: a cookie without a row has no session', async () => {
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    expect(await browser.session()).toEqual({ a: 1 });
    await run(`delete from {table} where session_id = '${storageKeyOf(sessionIdOf(browser.cookie))}'`);
    expect(await browser.session()).toEqual({});
  });

  it('are never adopted: a signed id that is not stored gets another', async () => {
    const planted = 'a'.repeat(32);
    const browser = new Browser(app);
    browser.cookie = signedCookie(planted);
    await browser.post('/set', { a: 1 });
    expect(sessionIdOf(browser.cookie)).not.toBe(planted);
    expect(await run(`select 1 from {table} where session_id = '${storageKeyOf(planted)}'`)).toEqual([]);
    const before = sessionIdOf(browser.cookie);
    await browser.post('/login');
    expect(sessionIdOf(browser.cookie)).not.toBe(before);
    await expectAnonymous(signedCookie(before));
  });

  it('differ by case and by spaces', async () => {
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    const id = sessionIdOf(browser.cookie);
    for (const other of [id.toUpperCase(), id.toLowerCase(), `${id} `, ` ${id}`, `${id}\0`]) await expectAnonymous(signedCookie(other));
  });

  it('ASVS 14.2.1: come in the cookie only', async () => {
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    const value = browser.cookie.slice('sid='.length);
    const id = sessionIdOf(browser.cookie);
    const { body } = await request(app.getHttpServer())
      .get(`/session?sid=${value}&sessionID=${id}`)
      .set({ Authorization: `Bearer ${id}`, 'X-Session-Id': id, sid: value });
    expect(Object.keys(body)).toEqual(['cookie']);
  });

  it('ASVS 15.3.5, 2.4.1: what is no id, or is unknown, is anonymous and stores nothing', async () => {
    const before = await rows();
    const values = [
      '',
      's:',
      's:.',
      's:a',
      'j:null',
      'j:{}',
      'j:[]',
      'undefined',
      '%',
      '%E0%A4%A',
      '"',
      "' or 1=1 --",
      '../../etc/passwd',
      'x'.repeat(6000),
    ];
    for (const value of values) await expectAnonymous(`sid=${value}`);
    for (const id of ['', ' ', '__proto__', '{"$ne":1}', '%00', "'; drop table {table}; --", 'x'.repeat(2000)])
      await expectAnonymous(signedCookie(id));
    await Promise.all(Array.from({ length: 100 }, (_, n) => expectAnonymous(signedCookie(`unknown-${n}`))));
    for (let n = 0; n < 20; n++) expect((await request(app.getHttpServer()).delete('/session')).status).toBe(200);
    for (const given of [null, undefined, 1, {}, [], Object.create(null)])
      expect(await app.get(SessionService).load(given as never)).toBeUndefined();
    expect(await rows()).toBe(before);
  });

  it('ASVS 7.6.2: a visit that stores nothing makes no session and gets no cookie', async () => {
    const before = await rows();
    const answers = await Promise.all(Array.from({ length: 100 }, () => request(app.getHttpServer()).get('/nothing')));
    expect(answers.filter(({ headers }) => headers['set-cookie'])).toEqual([]);
    expect(await rows()).toBe(before);
  });

  it('are stored as they are with `hashIds: false`, to take a table over, and logged by their hash', async () => {
    const logged: string[] = [];
    Logger.overrideLogger({ log() {}, error: (line: string) => logged.push(line), warn: (line: string) => logged.push(line) });
    const raw = await startTestApp(database, { options: { tableName: `ids_raw_${database}`, hashIds: false, pruneInterval: false } });
    Logger.overrideLogger({ log() {}, error: (line: string) => logged.push(line), warn: (line: string) => logged.push(line) });
    try {
      const browser = new Browser(raw);
      await browser.post('/set', { a: 1 });
      const id = sessionIdOf(browser.cookie);
      expect(await run('select session_id from {table}', raw)).toEqual([{ session_id: id }]);
      expect(await browser.session()).toEqual({ a: 1 });
      await run("update {table} set data = '{broken'", raw);
      expect(await browser.session()).toEqual({});
      expect(logged.join('\n')).toContain(`${storageKeyOf(id).slice(0, 8)}…`);
      expect(logged.join('\n')).not.toContain(id.slice(0, 8));
      await browser.post('/login');
    } finally {
      Logger.overrideLogger(false);
      await dropTablesOf(raw);
      await raw.close();
    }
  });
});
