import expressSession, { type MemoryStore, type SessionData, type Store } from 'express-session';
import { Browser } from '../support/browser.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { SessionsApp } from '../support/sessions-app.js';
import { signedCookie } from '../support/signed-cookie.js';

describe.each(REPOSITORY_CASES)('an app with a previous store, on $database, $locking, $name', ({ database, locking, repository, n }) => {
  let app: SessionsApp;
  let earlier: MemoryStore;
  /** The ids that it was asked for. */
  let asked: string[] = [];
  let failure: Error | undefined;

  beforeAll(async () => {
    earlier = new expressSession.MemoryStore();
    const migrateFrom: Pick<Store, 'get' | 'destroy'> = {
      get: (id, callback) => {
        asked.push(id);
        return failure ? callback(failure) : earlier.get(id, callback);
      },
      destroy: (id, callback) => earlier.destroy(id, callback),
    };
    app = await SessionsApp.start(database, { tableName: `earlier_${database}_${n}`, locking, repository, migrateFrom });
  });
  beforeEach(async () => {
    asked = [];
    failure = undefined;
    await app.clear();
    await new Promise<void>((resolve) =>
      earlier.set('old', { user: 'anna', cookie: { originalMaxAge: null, expires: null } } as unknown as SessionData, () => resolve()),
    );
  });
  afterAll(() => app.close());

  const visitor = (cookie: string) => Object.assign(new Browser(app.app), { cookie });

  it('keeps users with an older cookie logged in, while concurrent requests change the session', async () => {
    const cookie = signedCookie('old');
    await Promise.all(Array.from({ length: 20 }, (_, tab) => visitor(cookie).post('/set', { [`tab${tab}`]: tab })));
    const anna = visitor(cookie);
    expect(Object.keys(await anna.session())).toHaveLength(21);
    expect([anna.cookie, await app.rows()]).toEqual([cookie, 1]);
  });

  it('asks it for no id that is not signed', async () => {
    for (const cookie of ['sid=old', 'sid=s%3Aold.forged', signedCookie('old', 'another secret')])
      expect(await visitor(cookie).session()).toEqual({});
    expect(asked).toEqual([]);
  });

  it('answers 503 while it fails, without a cookie, and knows the user afterwards', async () => {
    failure = Object.assign(new Error('the pool is closed: old'), { code: 'ECONNREFUSED' });
    const anna = visitor(signedCookie('old'));
    const { status, headers, text } = await anna.post('/set', { a: 1 });
    expect([status, headers['set-cookie'], headers['retry-after'], await app.rows()]).toEqual([503, undefined, expect.any(String), 0]);
    expect(text).not.toMatch(/old|pool/);
    failure = undefined;
    expect(await anna.session()).toEqual({ user: 'anna' });
  });

  it('has no user after a logout, also if the logout is the first request', async () => {
    const cookie = signedCookie('old');
    expect((await visitor(cookie).delete('/session')).status).toBe(200);
    expect([await visitor(cookie).session(), await app.rows()]).toEqual([{}, 0]);
  });
});
