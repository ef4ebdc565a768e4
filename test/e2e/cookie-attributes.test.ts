import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import type { Request, Response } from 'express';
import {
  DatabaseContext,
  deep,
  EntityManagerSessionRepository,
  SessionService,
  SmartSessionConfigError,
  SmartSessionMiddleware,
  SmartSessionOptions,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { answerJson } from '../support/platform.js';
import { startTestApp } from '../support/test-app.js';

type Handler = (request: Request & { session: any }) => unknown;

const HOUR = 3_600_000;
const WITH_MAX_AGE = { cookie: { maxAge: HOUR } };

let handler: Handler = () => undefined;

async function withApp(
  options: Partial<SmartSessionModuleOptions>,
  work: (browser: Browser, app: INestApplication) => Promise<void>,
): Promise<void> {
  const app = await startTestApp('sqlite', {
    options: { mount: false, pruneInterval: false, ...options },
    prepare: (nest) => {
      const middleware = nest.get(SmartSessionMiddleware);
      nest.use(middleware.use.bind(middleware));
      nest.use('/handler', (request: Request, response: Response, next: (error: unknown) => void) => {
        const handle = async () => handler(request);
        handle().then(() => answerJson(response, request.session?.cookie), next);
      });
    },
  });
  try {
    await work(new Browser(app), app);
  } finally {
    await app.close();
  }
}

const answer = (browser: Browser, by: Handler) => {
  handler = by;
  return browser.get('/handler');
};

/** The attributes of the cookie that an answer sets, without its value and expiry; undefined without a cookie. */
function attributesOf({ headers }: { readonly headers: Record<string, unknown> }): string[] | undefined {
  const [cookie] = (headers['set-cookie'] as string[] | undefined) ?? [];
  return cookie
    ?.split('; ')
    .slice(1)
    .filter((attribute) => !attribute.startsWith('Expires'))
    .toSorted();
}

const CHANGES: [string, Record<string, unknown>, string[]][] = [
  ['domain', { domain: 'example.com' }, ['Domain=example.com', 'HttpOnly', 'Path=/', 'SameSite=Lax']],
  ['path', { path: '/shop' }, ['HttpOnly', 'Path=/shop', 'SameSite=Lax']],
  ['sameSite', { sameSite: 'strict' }, ['HttpOnly', 'Path=/', 'SameSite=Strict']],
  ['no sameSite', { sameSite: undefined }, ['HttpOnly', 'Path=/']],
  ['httpOnly', { httpOnly: false }, ['Path=/', 'SameSite=Lax']],
  ['priority', { priority: 'high' }, ['HttpOnly', 'Path=/', 'Priority=High', 'SameSite=Lax']],
  [
    'several',
    { domain: 'example.com', priority: 'low', httpOnly: false },
    ['Domain=example.com', 'Path=/', 'Priority=Low', 'SameSite=Lax'],
  ],
];

const REFUSED: [string, Record<string, unknown>][] = [
  ['a number as domain', { domain: 5 }],
  ['an empty path', { path: '' }],
  ['an unknown sameSite', { sameSite: 'sometimes' }],
  ['a text as httpOnly', { httpOnly: 'no' }],
  ['an unknown priority', { priority: 'urgent' }],
  ['sameSite none without secure', { sameSite: 'none', secure: false }],
  ['an object as secure', { secure: {} }],
];

/** What the package `cookie` does not write: express-session then leaves the cookie out. */
const UNWRITABLE: [string, Record<string, unknown>][] = [
  ['a domain with a space', { domain: 'exam ple.com' }],
  ['a domain with a semicolon', { domain: 'example.com; Secure' }],
  ['a URL as domain', { domain: 'https://example.com' }],
  ['a path with a semicolon', { path: '/a;b' }],
  ['a path with a line break', { path: '/a\nb' }],
  ['a path that is not ASCII', { path: '/käse' }],
  ['a path without a slash', { path: 'shop' }],
  ['sameSite none, and no secure', { sameSite: 'none', secure: undefined }],
  ['partitioned, and no secure', { partitioned: true, secure: undefined }],
];

describe("attributes that a handler sets on its session's cookie", () => {
  describe.each<[string, Partial<SmartSessionModuleOptions>]>([
    ['by default', {}],
    ["with `serializer: 'rich'`", { serializer: 'rich' }],
    ['with the entity manager and row locks', { locking: 'pessimistic', repository: EntityManagerSessionRepository }],
  ])('%s', (_variant, options) => {
    it.each(CHANGES)('stay with every later cookie of that session: %s', async (_what, change, expected) => {
      await withApp({ ...WITH_MAX_AGE, ...options }, async (browser) => {
        const first = await answer(browser, ({ session }) => {
          session.a = 1;
          Object.assign(session.cookie, change);
        });
        expect(attributesOf(first)).toEqual(expected);
        expect(attributesOf(await browser.post('/set', { a: 2 }))).toEqual(expected);
        expect(attributesOf(await browser.post('/set', { a: 3 }))).toEqual(expected);
        expect(await browser.session()).toEqual({ a: 3 });
      });
    });
  });

  it.each(CHANGES)('are sent, and stay, when they are set on a session that is there: %s', async (_what, change, expected) => {
    await withApp(WITH_MAX_AGE, async (browser) => {
      await browser.post('/set', { a: 1 });
      expect(attributesOf(await answer(browser, ({ session }) => Object.assign(session.cookie, change)))).toEqual(expected);
      expect(attributesOf(await browser.post('/set', { a: 2 }))).toEqual(expected);
    });
  });

  it.each(REFUSED)('are refused, and nothing is stored: %s', async (_what, change) => {
    await withApp(WITH_MAX_AGE, async (browser, app) => {
      const refused = await answer(browser, ({ session }) => {
        session.a = 1;
        Object.assign(session.cookie, change);
      });
      expect([refused.status, attributesOf(refused)]).toEqual([500, undefined]);
      expect(await app.get(SessionService).count()).toBe(0);
      await browser.post('/set', { a: 1 });
      expect((await answer(browser, ({ session }) => Object.assign(session.cookie, change))).status).toBe(500);
      expect(await browser.session()).toEqual({ a: 1 });
    });
  });

  it.each(UNWRITABLE)('are refused where no browser gets them, by options, by a function and by handlers: %s', async (_what, change) => {
    expect(() => new SmartSessionOptions({ secret: 'x', cookie: change })).toThrow(SmartSessionConfigError);
    await withApp({ cookie: () => change }, async (browser) => expect((await browser.post('/set', { a: 1 })).status).toBe(500));
    await withApp(WITH_MAX_AGE, async (browser, app) => {
      const refused = await answer(browser, ({ session }) => {
        session.a = 1;
        Object.assign(session.cookie, change);
      });
      expect([refused.status, attributesOf(refused), await app.get(SessionService).count()]).toEqual([500, undefined, 0]);
    });
  });

  it('are those of the cookie that a logout clears', async () => {
    await withApp({}, async (browser) => {
      await answer(browser, ({ session }) => {
        session.a = 1;
        Object.assign(session.cookie, { domain: 'example.com', path: '/', priority: 'high' });
      });
      const cleared = await answer(browser, ({ session }) => void session.destroy());
      expect(cleared.headers['set-cookie']).toEqual([
        'sid=; Domain=example.com; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Priority=High; SameSite=Lax',
      ]);
    });
  });

  it('follow the options where a handler has set nothing, also after these have changed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cookie-attributes-'));
    const connection = { dbName: join(directory, 'sessions.db') };
    try {
      let cookie = '';
      await withApp({ ...WITH_MAX_AGE, connection }, async (browser) => {
        await answer(browser, ({ session }) => {
          session.a = 1;
          session.cookie.priority = 'high';
        });
        ({ cookie } = browser);
      });
      await withApp({ cookie: { maxAge: HOUR, sameSite: 'strict' }, rolling: true, connection }, async (browser, app) => {
        browser.cookie = cookie;
        const { runner } = app.get(DatabaseContext, { strict: false });
        const version = async () => (await runner.run('select lock_version from sessions')).rows;
        const before = await version();
        expect(attributesOf(await browser.get('/session'))).toEqual(['HttpOnly', 'Path=/', 'Priority=High', 'SameSite=Strict']);
        // What the options say now is no choice of a handler.
        expect(await version()).toEqual(before);
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('can be given up again', async () => {
    await withApp(WITH_MAX_AGE, async (browser) => {
      await answer(browser, ({ session }) => {
        session.a = 1;
        session.cookie.sameSite = 'strict';
      });
      const usual = ['HttpOnly', 'Path=/', 'SameSite=Lax'];
      expect(attributesOf(await answer(browser, ({ session }) => (session.cookie.sameSite = 'lax')))).toEqual(usual);
      expect(attributesOf(await browser.post('/set', { a: 2 }))).toEqual(usual);
    });
  });

  it('do not go over to the session of a login', async () => {
    await withApp(WITH_MAX_AGE, async (browser) => {
      await answer(browser, ({ session }) => {
        session.a = 1;
        session.cookie.priority = 'high';
      });
      expect(attributesOf(await browser.post('/login'))).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax']);
    });
  });

  it('survive what others change meanwhile, with a merge rule for all keys', async () => {
    await withApp({ ...WITH_MAX_AGE, mergeDefault: deep() }, async (browser, app) => {
      await browser.post('/set', { a: 1 });
      const other = Object.assign(new Browser(app), { cookie: browser.cookie });
      await answer(browser, async ({ session }) => {
        session.cookie.priority = 'high';
        const mine = handler;
        await answer(other, (request) => Object.assign(request.session, { b: 1 }) && (request.session.cookie.sameSite = 'strict'));
        handler = mine;
        session.c = 1;
      });
      expect(await browser.session()).toEqual({ a: 1, b: 1, c: 1 });
      expect(attributesOf(await browser.post('/set', { d: 1 }))).toEqual(['HttpOnly', 'Path=/', 'Priority=High', 'SameSite=Lax']);
    });
  });

  it('store no session that holds nothing else', async () => {
    await withApp(WITH_MAX_AGE, async (browser, app) => {
      const response = await answer(browser, ({ session }) => (session.cookie.priority = 'high'));
      expect([response.status, attributesOf(response), await app.get(SessionService).count()]).toEqual([200, undefined, 0]);
    });
  });

  it('stand beside those that a function gives for each request', async () => {
    await withApp(
      { cookie: (request) => ({ maxAge: HOUR, path: request.headers['x-path'] === undefined ? '/' : '/x', secure: 'auto' }) },
      async (browser) => {
        await answer(browser, ({ session }) => {
          session.a = 1;
          session.cookie.domain = 'example.com';
        });
        expect(attributesOf(await browser.post('/set', { a: 2 }))).toEqual(['Domain=example.com', 'HttpOnly', 'Path=/', 'SameSite=Lax']);
      },
    );
  });
});
