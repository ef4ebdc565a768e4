import type { INestApplication } from '@nestjs/common';
import type { Request, Response } from 'express';
import {
  SessionService,
  SmartSessionConfigError,
  SmartSessionMiddleware,
  SmartSessionOptions,
  SmartSessionStore,
} from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { answerJson } from '../support/platform.js';
import { startTestApp } from '../support/test-app.js';

type Handler = (request: Request & { session: any }) => unknown;

const YEAR = 365 * 24 * 3_600_000;

/** What a handler may do to the life of its cookie. */
const ENDLESS: [string, (cookie: any) => void][] = [
  ['maxAge = Infinity', (cookie) => (cookie.maxAge = Infinity)],
  ['maxAge = -Infinity', (cookie) => (cookie.maxAge = -Infinity)],
  ['maxAge = NaN', (cookie) => (cookie.maxAge = Number.NaN)],
  ['maxAge = 1e20', (cookie) => (cookie.maxAge = 1e20)],
  ['maxAge = 1e15', (cookie) => (cookie.maxAge = 1e15)],
  ['maxAge = new Date(NaN)', (cookie) => (cookie.maxAge = new Date(Number.NaN))],
  ['originalMaxAge = Infinity', (cookie) => (cookie.originalMaxAge = Infinity)],
  ["originalMaxAge = '5'", (cookie) => (cookie.originalMaxAge = '5')],
  ['originalMaxAge = {}', (cookie) => (cookie.originalMaxAge = {})],
  ['expires = new Date(NaN)', (cookie) => (cookie.expires = new Date(Number.NaN))],
  ["expires = 'garbage'", (cookie) => (cookie.expires = 'garbage')],
  ['expires = an ISO text', (cookie) => (cookie.expires = new Date(Date.now() + YEAR).toISOString())],
  ['expires = the year 10000', (cookie) => (cookie.expires = new Date(Date.UTC(10_000, 0)))],
  ['expires = the last date of all', (cookie) => (cookie.expires = new Date(8.64e15))],
  ['expires = {}', (cookie) => (cookie.expires = {})],
];

describe('the life of the session cookie', () => {
  let app: INestApplication;
  let handler: Handler;

  beforeAll(async () => {
    app = await startTestApp('sqlite', {
      options: { mount: false, pruneInterval: false },
      prepare: (nest) => {
        const middleware = nest.get(SmartSessionMiddleware);
        nest.use(middleware.use.bind(middleware));
        nest.use('/handler', (request: Request, response: Response, next: (error: unknown) => void) => {
          const handle = async () => handler(request);
          handle().then(() => answerJson(response, {}), next);
        });
      },
    });
  });
  afterAll(() => app.close());

  const answer = (by: Handler, browser = new Browser(app)) => {
    handler = by;
    return browser.get('/handler');
  };
  const count = () => app.get(SessionService).count();

  it.each(ENDLESS)('is refused with %s, and nothing is stored', async (_what, change) => {
    const before = await count();
    const first = await answer(({ session }) => {
      session.a = 1;
      change(session.cookie);
    });
    expect([first.status, first.headers['set-cookie'], await count()]).toEqual([500, undefined, before]);

    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    for (const values of [{}, { b: 1 }]) {
      const loaded = await answer(({ session }) => {
        Object.assign(session, values);
        change(session.cookie);
      }, browser);
      expect([loaded.status, await browser.session()]).toEqual([500, { a: 1 }]);
    }
    const login = await answer(async (request) => {
      await app.get(SessionService).regenerate(request);
      request.session.user = 1;
      change(request.session.cookie);
    }, browser);
    expect([login.status, login.headers['set-cookie']]).toEqual([500, undefined]);
  });

  it.each<[string, (cookie: any) => void, number | null]>([
    ['maxAge = 60,000', (cookie) => (cookie.maxAge = 60_000), 60_000],
    ['maxAge = 60,000.5', (cookie) => (cookie.maxAge = 60_000.5), 60_000],
    ['originalMaxAge = 60,000.5', (cookie) => (cookie.originalMaxAge = 60_000.5), 60_001],
    ['expires = a date', (cookie) => (cookie.expires = new Date(Date.now() + YEAR)), YEAR],
    ['expires = the year 9999', (cookie) => (cookie.expires = new Date(253_402_300_000_000)), expect.any(Number)],
    ['expires = false', (cookie) => (cookie.expires = false), null],
    ['maxAge = null', (cookie) => (cookie.maxAge = null), null],
    ['maxAge = undefined', (cookie) => (cookie.maxAge = undefined), null],
  ])('may be %s', async (_what, change, expected) => {
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    const { status } = await answer(({ session }) => {
      session.b = 1;
      change(session.cookie);
    }, browser);
    expect([status, await browser.session()]).toEqual([200, { a: 1, b: 1 }]);
    const { originalMaxAge } = (await browser.get('/session')).body.cookie;
    if (typeof expected === 'number') expect(Math.abs(originalMaxAge - expected)).toBeLessThan(1000);
    else expect(originalMaxAge).toEqual(expected);
  });

  it.each([0, -1, -YEAR])('ends the session with a max age of %o', async (maxAge) => {
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    const before = await count();
    expect((await answer(({ session }) => (session.cookie.maxAge = maxAge), browser)).status).toBe(200);
    expect(await count()).toBe(before - 1);
    expect(await browser.session()).toEqual({});
  });

  it.each([
    { expires: 'garbage' },
    { expires: new Date(Number.NaN) },
    { expires: new Date(8.64e15) },
    { expires: true },
    { maxAge: Infinity },
    { maxAge: '5' },
    { originalMaxAge: Number.NaN },
  ])('is refused with %o by the store, and nothing is stored', async (cookie) => {
    const store = app.get(SmartSessionStore);
    const error = (call: (done: (error?: unknown) => void) => void) => new Promise((done) => call(done));
    const before = await count();
    const refused = { name: 'SessionNotSerializableError', message: expect.stringContaining('`cookie.maxAge`') };
    expect(await error((done) => store.set('plain', { a: 1, cookie } as never, done))).toMatchObject(refused);
    expect(await error((done) => store.touch('plain', { a: 1, cookie } as never, done))).toMatchObject(refused);
    expect(await count()).toBe(before);
  });

  it.each([Infinity, Number.NaN, 1e20, -1, 0, '5', new Date()])('is refused at start with a max age of %o', (maxAge) => {
    expect(() => new SmartSessionOptions({ secret: 'x', cookie: { maxAge: maxAge as number } })).toThrow(SmartSessionConfigError);
  });
});
