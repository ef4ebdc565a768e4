import { setImmediate as turnEnds } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import expressSession, { type SessionData } from 'express-session';
import {
  DatabaseContext,
  EntityManagerSessionRepository,
  SessionService,
  SmartSessionStore,
  SqlSessionRepository,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { handleOf } from '../../src/security/session-handle.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { raiseBarrier, startTestApp } from '../support/test-app.js';
import { protocolOf } from '../support/protocol-of.js';

type Live = SessionData & Record<string, any>;

/** Both ways of locking by the hand-written statements, and both by the entity manager. */
const VARIANTS = [
  { locking: 'optimistic', repository: SqlSessionRepository },
  { locking: 'pessimistic', repository: SqlSessionRepository },
  { locking: 'optimistic', repository: EntityManagerSessionRepository },
  { locking: 'pessimistic', repository: EntityManagerSessionRepository },
] as const;

const CASES = DATABASES.flatMap((database) => VARIANTS.map((variant, n) => ({ database, ...variant, name: variant.repository.name, n })));

const DAY = 24 * 60 * 60 * 1000;

describe.each(CASES)('sessions on $database, $locking, $name', ({ database, locking, repository, n }) => {
  const tableName = `sessions_${database}_${n}`;
  let app: INestApplication;
  let store: SmartSessionStore;
  let sessions: SessionService;

  beforeAll(async () => {
    const options: Partial<SmartSessionModuleOptions> = {
      tableName,
      locking,
      repository,
      userId: 'user',
      maxBytes: 10_000,
      pruneInterval: false,
    };
    app = await startTestApp(database, { options });
    store = app.get(SmartSessionStore);
    sessions = app.get(SessionService);
  });
  afterAll(async () => {
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    await dropTables(dialect.name, runner.run, tableName);
    await app.close();
  });

  const run = async (sql: string, parameters: unknown[] = []) => {
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    return (await runner.run(sql.replace('{table}', dialect.quote(tableName)), parameters)).rows;
  };
  const rowOf = async (id: string) => {
    const { dialect } = app.get(DatabaseContext, { strict: false });
    const [row] = await run(`select * from {table} where session_id = ${dialect.parameter(1)}`, [storageKeyOf(id)]);
    return row && { ...row, data: JSON.parse(String(row.data)), lock_version: Number(row.lock_version) };
  };
  const versionOf = async (id: string) => (await rowOf(id))?.lock_version;
  const dataOf = async (id: string) => (await rowOf(id))?.data;

  /** A live session as express-session makes it for a request that has loaded it. */
  const load = async (id: string): Promise<Live> => {
    const data = await sessions.load(id);
    if (!data) throw new Error('no such session');
    return store.createSession({ sessionID: id, sessionStore: store } as never, data) as Live;
  };
  /** A live session as express-session makes it for a new id. */
  const create = (id: string): Live => {
    const request = { sessionID: id, sessionStore: store } as any;
    request.session = new (expressSession as any).Session(request);
    request.session.cookie = new (expressSession as any).Cookie();
    return request.session;
  };
  /** Stores a session by a first save. */
  const given = async (id: string, values: object): Promise<void> => {
    await sessions.destroy(id);
    await sessions.commit(Object.assign(create(id), values));
  };

  describe('as the Ruby original has it', () => {
    it('merges when the session already exists', async () => {
      await given('r1', { kept: 0 });
      const [mine, theirs] = [await load('r1'), await load('r1')];
      await sessions.commit(Object.assign(theirs, { theirs: 1 }));
      await sessions.commit(Object.assign(mine, { mine: 1 }));
      expect(await dataOf('r1')).toEqual({ kept: 0, theirs: 1, mine: 1 });
    });

    it('merges when the session does not exist yet: a duplicate first insert', async () => {
      await sessions.destroy('r2');
      const lives = ['a', 'b', 'c'].map((key) => Object.assign(create('r2'), { [key]: 1 }));
      await Promise.all(lives.map((live) => sessions.commit(live)));
      expect(await dataOf('r2')).toEqual({ a: 1, b: 1, c: 1 });
      expect(await versionOf('r2')).toBe(2);
    });

    it('deletes keys while another request adds some', async () => {
      await given('r3', { old: 1, kept: 1 });
      const [mine, theirs] = [await load('r3'), await load('r3')];
      await sessions.commit(Object.assign(theirs, { added: 1 }));
      delete mine.old;
      await sessions.commit(mine);
      expect(await dataOf('r3')).toEqual({ kept: 1, added: 1 });
    });

    it('sees a deep change inside an object', async () => {
      await given('r4', { cart: { items: [{ sku: 'a', n: 1 }] }, kept: 1 });
      const mine = await load('r4');
      mine.cart.items[0].n = 2;
      await sessions.commit(mine);
      expect(await dataOf('r4')).toEqual({ cart: { items: [{ sku: 'a', n: 2 }] }, kept: 1 });
    });

    it('sees a change in an object whose equality lies', async () => {
      class Money {
        constructor(public cents: number) {}
        equals() {
          return true;
        }
        valueOf() {
          return 0;
        }
        toJSON() {
          return { cents: this.cents };
        }
      }
      const live = Object.assign(create('r5'), { price: new Money(1) });
      await sessions.destroy('r5');
      await sessions.commit(live);
      live.price.cents = 2;
      await sessions.commit(live);
      expect(await dataOf('r5')).toEqual({ price: { cents: 2 } });
    });

    it('merges when the version changed though the data did not', async () => {
      await given('r6', { a: 1 });
      const mine = await load('r6');
      await run(`update {table} set lock_version = lock_version + 1 where session_id = '${storageKeyOf('r6')}'`);
      await sessions.commit(Object.assign(mine, { b: 1 }));
      expect(await dataOf('r6')).toEqual({ a: 1, b: 1 });
      expect(await versionOf('r6')).toBe(2);
    });

    it('retries until all are in, and joins those of one process', async () => {
      await given('r7', {});
      await given('r7', { start: 1 });
      const lives = await Promise.all(Array.from({ length: 12 }, () => load('r7')));
      // On SQLite what was stored before counts as under way until then.
      await turnEnds();
      // On a busy machine a commit may wait for longer than others may join it.
      const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
      await Promise.all(lives.map((live, i) => sessions.commit(Object.assign(live, { [`k${i}`]: i }))));
      clock.mockRestore();
      expect(Object.keys(await dataOf('r7'))).toHaveLength(13);
      // The first left at once, and the others together.
      expect(await versionOf('r7')).toBe(2);
    });

    it('does not take the optimistic path for a first save', async () => {
      await given('r8', { a: 1 });
      expect(await versionOf('r8')).toBe(0);
    });

    it('counts versions over several saves in one request, and after another request’s update', async () => {
      const mine = create('r9');
      await sessions.destroy('r9');
      await sessions.commit(Object.assign(mine, { a: 1 }));
      await sessions.commit(Object.assign(mine, { a: 2 }));
      expect(await versionOf('r9')).toBe(1);
      await sessions.commit(Object.assign(await load('r9'), { theirs: 1 }));
      await sessions.commit(Object.assign(mine, { a: 3 }));
      await sessions.commit(mine);
      expect(await versionOf('r9')).toBe(3);
      expect(await dataOf('r9')).toEqual({ a: 3, theirs: 1 });
    });

    it('sets created and updated timestamps', async () => {
      const live = Object.assign(create('r10'), { user: 'r10' });
      await sessions.destroy('r10');
      await sessions.commit(live);
      const { dialect } = app.get(DatabaseContext, { strict: false });
      const past = dialect.fromNow('-5000');
      await run(`update {table} set created_at = ${past}, updated_at = ${past} where session_id = '${storageKeyOf('r10')}'`);
      const [before] = await sessions.list({ userId: 'r10' });
      await sessions.commit(Object.assign(live, { a: 1 }));
      const [after] = await sessions.list({ userId: 'r10' });
      expect(after?.createdAt).toEqual(before?.createdAt);
      expect(Number(after?.updatedAt) - Number(before?.updatedAt)).toBeGreaterThan(3000);
    });

    it('leaves a session destroyed that was destroyed while a request ran', async () => {
      await given('r11', { a: 1 });
      const mine = await load('r11');
      await sessions.destroy('r11');
      await sessions.commit(Object.assign(mine, { b: 1 }));
      await sessions.commit(Object.assign(mine, { c: 1 }));
      expect(await rowOf('r11')).toBeUndefined();
      expect(protocolOf(sessions).states.isSettled(mine)).toBe(true);
    });

    it('writes after a reset', async () => {
      const browser = new Browser(app);
      await browser.post('/set', { old: 1 });
      const before = browser.cookie;
      await browser.post('/login');
      expect(browser.cookie).not.toBe(before);
      expect(await browser.session()).toEqual({ user: 'anna' });
      const stale = new Browser(app);
      stale.cookie = before;
      expect(await stale.session()).toEqual({});
    });

    it('gives undefined for a key that is not there', async () => {
      await given('r12', { a: 1 });
      expect((await load('r12')).absent).toBeUndefined();
    });

    it('keeps the session id across requests', async () => {
      const browser = new Browser(app);
      const first = (await browser.post('/set', { a: 1 })).body.id;
      const again = await browser.post('/set', { b: 1 });
      expect(again.body.id).toBe(first);
    });
  });

  describe('the laws', () => {
    it('NoLostKey: requests at once, each with a key of its own, over HTTP', async () => {
      const browser = new Browser(app);
      await browser.post('/set', { start: 1 });
      const go = raiseBarrier('all');
      const requests = Array.from({ length: 20 }, (_, i) => browser.post('/slow-set', { wait: 'all', [`k${i}`]: i }));
      await new Promise((resolve) => setTimeout(resolve, 50));
      go();
      for (const response of await Promise.all(requests)) expect(response.status).toBe(201);
      expect(Object.keys(await browser.session())).toHaveLength(21);
    });

    it('NoPhantom: a request that changed nothing, or changed it back, writes nothing', async () => {
      await given('p1', { a: { b: 1, c: 2 } });
      const before = await rowOf('p1');
      const mine = await load('p1');
      mine.a = { c: 2, b: 1 };
      mine.b = 1;
      delete mine.b;
      expect(protocolOf(sessions).states.isSettled(mine)).toBe(true);
      await sessions.commit(mine);
      expect(await rowOf('p1')).toEqual(before);
      expect((await new Browser(app).get('/nothing')).headers).not.toHaveProperty('set-cookie');
    });

    it('NoResurrection: not after expiry, and not by a first save that was let go of', async () => {
      await given('n1', { a: 1 });
      const mine = await load('n1');
      const { dialect } = app.get(DatabaseContext, { strict: false });
      await run(`update {table} set expires_at = ${dialect.fromNow('-1')} where session_id = '${storageKeyOf('n1')}'`);
      await sessions.commit(Object.assign(mine, { b: 1 }));
      expect(await sessions.load('n1')).toBeUndefined();

      const unsaved = Object.assign(create('n2'), { a: 1 }) as any;
      const saved = new Promise((resolve) => unsaved.save(resolve));
      await new Promise((resolve) => unsaved.destroy(resolve));
      await saved;
      unsaved.b = 1;
      await new Promise((resolve) => unsaved.save(resolve));
      expect(await rowOf('n2')).toBeUndefined();
    });

    it('moves base and live session on together', async () => {
      await given('b1', { a: 1, gone: 1 });
      const [mine, theirs] = [await load('b1'), await load('b1')];
      theirs.theirs = { deep: 1 };
      delete theirs.gone;
      await sessions.commit(theirs);
      mine.mine = 1;
      const committing = sessions.commit(mine);
      mine.meanwhile = 1;
      await committing;
      expect({ ...mine, cookie: undefined }).toEqual({ a: 1, mine: 1, theirs: { deep: 1 }, meanwhile: 1, cookie: undefined });
      await sessions.commit(mine);
      expect(await dataOf('b1')).toEqual({ a: 1, mine: 1, theirs: { deep: 1 }, meanwhile: 1 });
    });

    it('WholeDelta: an unstorable or too large session is an error, and the stored one unchanged', async () => {
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      expect((await browser.post('/unstorable')).status).toBe(500);
      expect((await browser.post('/set', { big: 'x'.repeat(20_000) })).status).toBe(500);
      expect(await browser.session()).toEqual({ a: 1 });
    });

    it('Isolation: a session that was regenerated shows nothing of the old one', async () => {
      const browser = new Browser(app);
      await browser.post('/set', { secret: 1 });
      await browser.post('/login');
      expect(await browser.session()).toEqual({ user: 'anna' });
    });
  });

  describe("express-session's contract", () => {
    const call = <Result>(method: (callback: (error: unknown, result: Result) => void) => void) =>
      new Promise<Result>((resolve, reject) => method((error, result) => (error ? reject(error) : resolve(result))));

    it('get, set with a plain object, destroy, all, length, clear', async () => {
      const cookie = { originalMaxAge: 60_000 };
      await call((done) => store.set('e1', { cookie, a: 1 } as never, done));
      await call((done) => store.set('e1', { cookie, b: 2 } as never, done));
      const got = await call<any>((done) => store.get('e1', done as never));
      expect(got).toMatchObject({ b: 2, cookie: { originalMaxAge: 60_000, httpOnly: true, sameSite: 'lax' } });
      expect(got).not.toHaveProperty('a');
      expect(await call((done) => store.get('absent', done as never))).toBeNull();
      const all = await call<any>((done) => store.all(done as never));
      expect(all[storageKeyOf('e1')]).toMatchObject({ b: 2 });
      expect(await call((done) => store.length(done as never))).toBe(Object.keys(all).length);
      await call((done) => store.destroy('e1', done));
      expect(await call((done) => store.get('e1', done as never))).toBeNull();
      await given('e2', { a: 1 });
      await call((done) => store.clear(done));
      expect(await call((done) => store.length(done as never))).toBe(0);
    });

    it('remember me: later requests roll by the new max age', async () => {
      const browser = new Browser(app);
      const { id } = (await browser.post('/set', { a: 1 })).body;
      const remaining = async () => {
        const { dialect } = app.get(DatabaseContext, { strict: false });
        const [row] = await run(`select ${dialect.until('expires_at')} as remaining from {table} where session_id = '${storageKeyOf(id)}'`);
        return Math.round(Number(row?.remaining) / DAY);
      };
      expect(await remaining()).toBe(1);
      await browser.post('/remember', { maxAge: 30 * DAY });
      expect(await remaining()).toBe(30);
      const { dialect } = app.get(DatabaseContext, { strict: false });
      await run(`update {table} set expires_at = ${dialect.fromNow(String(20 * DAY))} where session_id = '${storageKeyOf(id)}'`);
      const version = await versionOf(id);
      await browser.get('/session');
      expect(await remaining()).toBe(30);
      expect(await versionOf(id)).toBe(version);
      await browser.post('/remember', { maxAge: 2 * DAY });
      expect(await remaining()).toBe(2);
    });

    it('save, reload and logout', async () => {
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      const { cookie: _, ...values } = (await browser.post('/save-and-reload')).body;
      expect(values).toEqual({ a: 1, saved: 1 });
      expect(await browser.session()).toEqual({ a: 1, saved: 1 });
      await browser.delete('/session');
      expect(await browser.session()).toEqual({});
    });

    it('keeps the session when a handler sets it to null', async () => {
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      await browser.delete('/null');
      expect(await browser.session()).toEqual({ a: 1 });
    });
  });

  it('takes a row that cannot be read for no session', async () => {
    await given('u1', { a: 1 });
    const loaded = await load('u1');
    await run(`update {table} set data = '{broken', lock_version = 7 where session_id = '${storageKeyOf('u1')}'`);
    expect(await sessions.load('u1')).toBeUndefined();
    expect(await sessions.all()).not.toHaveProperty(storageKeyOf('u1'));
    await sessions.commit(Object.assign(loaded, { b: 1 }));
    expect(protocolOf(sessions).states.isSettled(loaded)).toBe(true);
    await sessions.destroy('u1');
  });

  it('carries stored names along that a session cannot hold', async () => {
    await given('c1', { a: 1 });
    await run(`update {table} set data = '{"__proto__":{"polluted":1},"save":1,"a":1}' where session_id = '${storageKeyOf('c1')}'`);
    const live = await load('c1');
    expect(protocolOf(sessions).states.isSettled(live)).toBe(true);
    expect(({} as any).polluted).toBeUndefined();
    await sessions.commit(Object.assign(live, { b: 2 }));
    expect(String((await run(`select data from {table} where session_id = '${storageKeyOf('c1')}'`))[0]?.data)).toBe(
      '{"__proto__":{"polluted":1},"a":1,"b":2,"save":1}',
    );
    await sessions.destroy('c1');
  });

  it('lists and destroys the sessions of a user, but for one', async () => {
    await given('l1', { user: 'lea' });
    await given('l2', { user: 'lea' });
    await given('l3', { user: 'leo' });
    expect((await sessions.list({ userId: 'lea' })).map(({ handle }) => handle).toSorted()).toEqual(
      [handleOf(storageKeyOf('l1')), handleOf(storageKeyOf('l2'))].toSorted(),
    );
    expect(await sessions.destroyAll({ userId: 'lea', except: 'l1' })).toBe(1);
    expect(await sessions.load('l2')).toBeUndefined();
    expect(await sessions.load('l1')).toBeDefined();
  });

  it('touches once in a while, and not after a commit', async () => {
    await given('t1', { a: 1 });
    const live = await load('t1');
    expect(protocolOf(sessions).toucher.touch('t1', live)).toBeUndefined();
    const { dialect } = app.get(DatabaseContext, { strict: false });
    await run(`update {table} set expires_at = ${dialect.fromNow(String(DAY / 2))} where session_id = '${storageKeyOf('t1')}'`);
    const old = await load('t1');
    await protocolOf(sessions).toucher.touch('t1', old);
    expect((await load('t1')).cookie.expires).toBeNull();
    expect(protocolOf(sessions).toucher.touch('t1', await load('t1'))).toBeUndefined();
    expect(protocolOf(sessions).toucher.touch('t1', old)).toBeUndefined();
  });

  it('touches what a commit has kept the expiry of, and not under such terms', async () => {
    await given('t2', { a: 1 });
    const { dialect } = app.get(DatabaseContext, { strict: false });
    await run(`update {table} set expires_at = ${dialect.fromNow(String(DAY / 2))} where session_id = '${storageKeyOf('t2')}'`);
    const live = await load('t2');
    protocolOf(sessions).states.setPolicy(live, { keepsExpiry: true, isReadOnly: false });
    await sessions.commit(Object.assign(live, { b: 1 }));
    expect(protocolOf(sessions).toucher.touch('t2', live)).toBeUndefined();
    protocolOf(sessions).states.setPolicy(live, { keepsExpiry: false, isReadOnly: false });
    await expect(protocolOf(sessions).toucher.touch('t2', live)).resolves.toBeUndefined();
    expect(protocolOf(sessions).toucher.touch('t2', live)).toBeUndefined();
  });

  it('prunes what is expired', async () => {
    await given('x1', { a: 1 });
    await given('x2', { a: 1 });
    const { dialect } = app.get(DatabaseContext, { strict: false });
    await run(`update {table} set expires_at = ${dialect.fromNow('-1')} where session_id = '${storageKeyOf('x1')}'`);
    expect(await sessions.prune()).toBeGreaterThanOrEqual(1);
    expect(await rowOf('x1')).toBeUndefined();
    expect(await rowOf('x2')).toBeDefined();
  });
});
