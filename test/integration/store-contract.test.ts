import { randomUUID } from 'node:crypto';
import expressSession, { type SessionData } from 'express-session';
import {
  EntityManagerSessionRepository,
  SessionUnavailableError,
  SmartSessionStore,
  SqlSessionRepository,
  type DialectName,
} from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { DATABASES } from '../support/databases.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { storeOf } from '../support/protocol-of.js';

type Data = SessionData & Record<string, any>;
type Done<Result> = (error?: unknown, result?: Result) => void;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Calls a method of the store; fails when it throws or calls back twice. */
function call<Result = unknown>(method: (done: Done<any>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    let calls = 0;
    method((error, result) => {
      if (++calls > 1) throw new Error('called back twice');
      if (error) reject(error);
      else resolve(result);
    });
  });
}

const CASES = [
  ...DATABASES.map((database) => ({ database, repository: SqlSessionRepository })),
  { database: DATABASES[0]!, repository: EntityManagerSessionRepository },
].map((variant) => ({ ...variant, name: variant.repository.name }));

// What connect-redis, connect-mongo, memorystore, connect-session-knex and connect-pg-simple ask of a store, and what their tests do not.
describe.each(CASES)("express-session's store on $database, $name", ({ database: name, repository }) => {
  let database: SessionsDatabase;
  let store: SmartSessionStore;

  beforeAll(async () => {
    database = await SessionsDatabase.open(name as DialectName, `store_contract_${repository.name.slice(0, 2).toLowerCase()}`);
    store = storeOf(serviceOver(new repository(database.context), { ttl: DAY }).sessions);
  });
  beforeEach(() => database.run('delete from {table}'));
  afterAll(() => database.close());

  const set = (id: unknown, data: unknown) => call((done) => store.set(id as string, data as Data, done));
  const get = (id: unknown) => call<Data | null>((done) => store.get(id as string, done));
  const touch = (id: unknown, data: unknown) => call((done) => store.touch(id as string, data as Data, done));
  const destroy = (id: unknown) => call((done) => store.destroy(id as string, done));
  const length = () => call<number>((done) => store.length(done));
  /** How long a record still lives, in minutes. */
  const minutesLeft = async (id: string) => {
    const [row] = await database.run(
      `select ${database.context.dialect.until('expires_at')} as remaining from {table} where session_id = '${storageKeyOf(id)}'`,
    );
    return row && Math.round(Number(row.remaining) / 60_000);
  };
  const inHours = (hours: number) => new Date(Date.now() + hours * HOUR);

  it('sets, gets, overwrites and destroys', async () => {
    await set('a', { cookie: { maxAge: 2000 }, name: 'sample name', nested: { list: [1] } });
    expect(await get('a')).toMatchObject({ name: 'sample name', nested: { list: [1] }, cookie: { originalMaxAge: 2000 } });
    await set('a', { cookie: { maxAge: 2000 }, name: 'other' });
    const { cookie: _, ...values } = (await get('a'))!;
    expect(values).toEqual({ name: 'other' });
    await destroy('a');
    expect(await get('a')).toBeNull();
    await destroy('a');
    await destroy('absent');
    expect(await get('absent')).toBeNull();
  });

  it('sets data without a cookie, and a cookie without data', async () => {
    await set('a', { foo: 'bar' });
    expect(await get('a')).toMatchObject({ foo: 'bar', cookie: { originalMaxAge: null } });
    await set('b', { cookie: {} });
    expect(await get('b')).toEqual({ cookie: expect.any(Object) });
    expect([await minutesLeft('a'), await minutesLeft('b')]).toEqual([24 * 60, 24 * 60]);
  });

  it('counts, returns and clears all live sessions', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => set(`many${n}`, { n, cookie: { expires: inHours(1) } })));
    expect(await length()).toBe(20);
    const all = await call<Record<string, Data>>((done) => store.all(done));
    expect(
      Object.values(all)
        .map(({ n }) => n as number)
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: 20 }, (_, n) => n));
    await call((done) => store.destroy(['many0', 'many1', 'absent'] as never, done));
    expect(await length()).toBe(18);
    await call((done) => store.clear(done));
    expect(await length()).toBe(0);
  });

  it.each<[string, () => object, number]>([
    ['cookie.expires, a Date', () => ({ expires: inHours(2) }), 120],
    ['cookie.expires, ISO text', () => ({ expires: inHours(2).toISOString() }), 120],
    ['cookie.expires, a number', () => ({ expires: inHours(2).getTime() }), 120],
    ['cookie.maxAge', () => ({ maxAge: 3 * HOUR }), 180],
    ['cookie.originalMaxAge', () => ({ originalMaxAge: 3 * HOUR }), 180],
    ['cookie.originalMaxAge, without expires', () => ({ originalMaxAge: 3 * HOUR, expires: null }), 180],
    [
      "the JSON of express-session's cookie",
      () => ({ ...new (expressSession as any).Cookie({ maxAge: 3 * HOUR }).toJSON(), expires: inHours(1).toISOString() }),
      60,
    ],
    ["express-session's cookie", () => new (expressSession as any).Cookie({ maxAge: 4 * HOUR }), 240],
    ['a cookie that ends with the browser', () => ({ originalMaxAge: null, expires: null }), 24 * 60],
    ['a cookie that ends with the browser, by false', () => ({ originalMaxAge: false, expires: false }), 24 * 60],
    ['no cookie', () => undefined as never, 24 * 60],
  ])('expires sessions by %s', async (_what, cookie, minutes) => {
    await set('a', { a: 1, cookie: cookie() });
    expect(await minutesLeft('a')).toBe(minutes);
    await set('a', { a: 1, cookie: { expires: inHours(5) } });
    expect(await minutesLeft('a')).toBe(300);
    await touch('a', { cookie: cookie() });
    expect(await minutesLeft('a')).toBe(minutes);
    expect(await get('a')).toMatchObject({ a: 1 });
  });

  it('keeps the max age beside an earlier expiry', async () => {
    await set('a', { cookie: { originalMaxAge: 3 * HOUR, expires: inHours(1).toISOString() } });
    const { cookie } = (await get('a'))!;
    expect(cookie.originalMaxAge).toBe(3 * HOUR);
    expect(Math.round((Number(cookie.expires) - Date.now()) / 60_000)).toBe(60);
  });

  it.each<[string, object]>([
    ['cookie.expires', { expires: new Date(Date.now() - 10_000) }],
    ['cookie.expires, text', { expires: new Date(0).toISOString() }],
    ['a max age below zero', { maxAge: -1 }],
    ['a max age of zero', { originalMaxAge: 0 }],
  ])('ends a session whose time is over, by %s', async (_what, cookie) => {
    await set('a', { a: 1, cookie });
    expect([await get('a'), await length()]).toEqual([null, 0]);
    await set('a', { a: 1, cookie: { maxAge: HOUR } });
    await touch('a', { cookie });
    expect([await get('a'), await length()]).toEqual([null, 0]);
    await set('a', { a: 1, cookie: { maxAge: HOUR } });
    await set('a', { a: 2, cookie });
    expect([await get('a'), await length()]).toEqual([null, 0]);
    // Its row stands in nobody's way.
    await set('a', { a: 3, cookie: { maxAge: HOUR } });
    expect(await get('a')).toMatchObject({ a: 3 });
  });

  it('extends the expiry by a touch, and changes nothing else', async () => {
    await set('a', { a: 1, cookie: { maxAge: HOUR } });
    await touch('a', { a: 2, b: 1, cookie: { expires: inHours(2) } });
    expect(await minutesLeft('a')).toBe(120);
    const { cookie, ...values } = (await get('a'))!;
    expect([values, cookie.originalMaxAge]).toEqual([{ a: 1 }, HOUR]);
    await touch('absent', { cookie: { expires: inHours(2) } });
    expect(await get('absent')).toBeNull();
  });

  const odd = [undefined, null, '', 0, 5, Number.NaN, true, {}, [], ['a'], Symbol('a'), () => 'a', Buffer.from('a')];

  it('answers for an id that is no text, and stores nothing', async () => {
    for (const id of odd) {
      expect(await get(id)).toBeNull();
      await touch(id, { cookie: {} });
      await destroy(id);
      await expect(set(id, { a: 1 })).rejects.toThrow(/session id/);
    }
    expect(await length()).toBe(0);
  });

  it('refuses a session that is no object, and stores nothing', async () => {
    for (const data of [undefined, null, 5, 'text', true, [], [1], Symbol('a'), () => 1]) {
      await expect(set('a', data)).rejects.toThrow(/session's data/);
      await touch('a', data);
    }
    expect(await length()).toBe(0);
  });

  it('takes a cookie that says nothing for one that ends with the browser', async () => {
    for (const cookie of [null, 5, 'text', [], { expires: '' }, { maxAge: null, expires: undefined }]) {
      await set('a', { a: 1, cookie });
      expect(await minutesLeft('a')).toBe(24 * 60);
      await touch('a', { cookie });
      expect(await get('a')).toMatchObject({ a: 1 });
    }
  });

  it('needs no callback, and takes none that cannot be called', async () => {
    for (const [n, callback] of ([undefined, null, 5] as never[]).entries()) {
      store.set('quiet', { n } as never, callback);
      store.set(undefined as never, { a: 1 } as never, callback);
      store.get('quiet', callback);
      store.touch('absent', { cookie: {} } as never, callback);
      store.all(callback);
      store.length(callback);
      store.destroy('absent', callback);
      while ((await get('quiet'))?.n !== n);
    }
  });

  it('extends a session that is read, with `resave`', async () => {
    await set('a', { a: 1 });
    await database.run(`update {table} set expires_at = ${database.context.dialect.fromNow(String(HOUR))}`);
    const live = store.createSession({ sessionID: 'a', sessionStore: store } as never, (await get('a'))!);
    const [before] = await database.run('select lock_version from {table}');
    // express-session saves what was not changed, in place of a touch.
    await call((done) => store.set('a', live, done));
    expect(await minutesLeft('a')).toBe(24 * 60);
    expect(await database.run('select lock_version from {table}')).toEqual([before]);
    const fresh = store.createSession({ sessionID: randomUUID(), sessionStore: store } as never, { cookie: {} } as never);
    await call((done) => store.set(fresh.id, fresh, done));
    expect(await length()).toBe(1);
  });

  it('calls back with the error of a database that fails', async () => {
    const faulty = new FaultyRepository(database.context);
    const other = storeOf(serviceOver(faulty).sessions);
    const failed = { kind: 'failed', effect: 'none' } as const;
    faulty.faults = { load: [failed], insert: [failed], destroy: [failed] };
    await expect(call((done) => other.get('a', done))).rejects.toThrow(SessionUnavailableError);
    await expect(call((done) => other.set('a', { a: 1 } as never, done))).rejects.toThrow(SessionUnavailableError);
    await expect(call((done) => other.destroy('a', done))).rejects.toThrow(SessionUnavailableError);
    faulty.faults = { touch: [failed] };
    // The session lives on; the next request tries again.
    await call((done) => other.touch('a', { cookie: {} } as never, done));
  });
});
