import type { INestApplication } from '@nestjs/common';
import type { Request, Response } from 'express';
import {
  SessionGoneError,
  SessionService,
  SmartSessionMiddleware,
  SmartSessionStore,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { answerJson } from '../support/platform.js';
import { startTestApp } from '../support/test-app.js';

type Visit = Request & { session: any };
type Handler = (request: Visit) => unknown;

const until = (call: (done: (error?: unknown) => void) => void) =>
  new Promise<void>((resolve, reject) => call((error) => (error ? reject(error as Error) : resolve())));

/** An app whose one handler a test chooses, and its ways to log out. */
class LogoutApp {
  handler: Handler = () => undefined;
  readonly sessions: SessionService;

  private constructor(readonly app: INestApplication) {
    this.sessions = app.get(SessionService);
  }

  static async start(options: SmartSessionModuleOptions = {}): Promise<LogoutApp> {
    let logout: LogoutApp | undefined = undefined;
    const app = await startTestApp('sqlite', {
      options: { mount: false, pruneInterval: false, userId: 'user', ...options },
      prepare: (nest) => {
        const middleware = nest.get(SmartSessionMiddleware);
        nest.use(middleware.use.bind(middleware));
        nest.use('/handler', (request: Visit, response: Response, next: (error: unknown) => void) => {
          const handle = async () => logout!.handler(request);
          handle().then((body) => answerJson(response, body ?? {}), next);
        });
      },
    });
    return (logout = new LogoutApp(app));
  }

  /** Answers one request by a handler. */
  async answer(by: Handler, browser: Browser) {
    this.handler = by;
    const response = await browser.get('/handler');
    return { status: response.status, cookies: [response.headers['set-cookie'] ?? []].flat().map(String), body: response.body as any };
  }

  async browser(values: object = { user: 'anna' }): Promise<Browser> {
    const browser = new Browser(this.app);
    await browser.post('/set', values);
    return browser;
  }

  /** The values that a cookie opens. */
  async valuesOf(id: string): Promise<object | undefined> {
    const found = await this.sessions.load(id);
    return found && { ...found, cookie: undefined };
  }

  /** Ways to end a request's own stored session. */
  readonly ways: Record<string, Handler> = {
    'req.session.destroy()': ({ session }) => until((done) => session.destroy(done)),
    'sessions.destroy(id)': ({ sessionID }) => this.sessions.destroy(sessionID),
    'sessions.destroy(id), not awaited': ({ sessionID }) => void this.sessions.destroy(sessionID),
    'store.destroy(id)': ({ sessionID }) => until((done) => this.app.get(SmartSessionStore).destroy(sessionID, done)),
    destroyOne: async ({ sessionID }) => {
      const own = (await this.sessions.list({ userId: 'anna', current: sessionID })).find(({ isCurrent }) => isCurrent)!;
      await this.sessions.destroyOne({ userId: 'anna', handle: own.handle });
    },
    destroyAll: () => this.sessions.destroyAll({ userId: 'anna' }),
  };
}

const WAYS = [
  'req.session.destroy()',
  'sessions.destroy(id)',
  'sessions.destroy(id), not awaited',
  'store.destroy(id)',
  'destroyOne',
  'destroyAll',
];
const CLEARED = /^sid=; (Domain=[^;]+; )?Path=\/[^;]*; Expires=Thu, 01 Jan 1970 00:00:00 GMT(; HttpOnly)?/;

describe.each<SmartSessionModuleOptions>([
  {},
  { rolling: true },
  { cookie: { maxAge: 60_000 } },
  { unset: 'destroy', cookie: () => ({ maxAge: 60_000 }) },
])('logout with %j', (options) => {
  let app: LogoutApp;
  beforeAll(async () => void (app = await LogoutApp.start(options)));
  afterAll(() => app.app.close());

  it.each(WAYS)('by %s ends the session, and clears its cookie once', async (way) => {
    const browser = await app.browser();
    const { cookie } = browser;
    const { status, cookies } = await app.answer(app.ways[way]!, browser);
    expect([status, cookies]).toEqual([200, [expect.stringMatching(CLEARED)]]);
    browser.cookie = cookie;
    expect(await browser.session()).toEqual({});
  });

  it.each(WAYS.slice(0, 4))('by %s ends a session that was never stored, whatever is set afterwards', async (way) => {
    let id = '';
    const { cookies } = await app.answer(async (request) => {
      const { session } = request;
      id = request.sessionID;
      session.user = 'anna';
      await app.ways[way]!(request);
      session.admin = true;
      await app.sessions.commit(session);
      await expect(app.sessions.update(session, () => undefined)).rejects.toThrow(SessionGoneError);
    }, new Browser(app.app));
    expect([cookies, await app.valuesOf(id)]).toEqual([[], undefined]);
  });

  it.each(
    WAYS.slice(0, 4).flatMap(
      (way) =>
        [
          [way, false],
          [way, true],
        ] as const,
    ),
  )('by %s after regenerate, committed before: %o', async (way, isCommitted) => {
    const browser = await app.browser();
    const { cookie } = browser;
    let id = '';
    const { cookies } = await app.answer(async (request) => {
      await app.sessions.regenerate(request);
      request.session.user = 'anna';
      id = request.sessionID;
      if (isCommitted) await app.sessions.commit(request.session);
      await app.ways[way]!(request);
      if (request.session) request.session.late = 1;
    }, browser);
    expect(await app.valuesOf(id)).toBeUndefined();
    expect(cookies).toEqual(cookies.length === 0 ? [] : [expect.stringMatching(CLEARED)]);
    // Of what was replaced and never stored only the live session can tell.
    if (isCommitted || way !== 'req.session.destroy()') expect(cookies).toHaveLength(1);
    browser.cookie = cookie;
    expect(await browser.session()).toEqual({});
  });

  it('carries nothing of a destroyed session over', async () => {
    const { body } = await app.answer(async (request) => {
      request.session.user = 'anna';
      await app.sessions.destroy(request.sessionID);
      const error = await app.sessions.regenerate(request, { keep: 'all' }).catch((failure: Error) => failure.name);
      return { error };
    }, new Browser(app.app));
    expect(body.error).toBe('SessionGoneError');
  });

  it('clears no cookie where the response sets another', async () => {
    const browser = await app.browser();
    const { cookies } = await app.answer(async (request) => {
      await app.sessions.destroy(request.sessionID);
      await app.sessions.regenerate(request);
      request.session.user = 'bert';
    }, browser);
    expect(cookies).toEqual([expect.stringMatching(/^sid=s%3A/)]);
    expect(await browser.session()).toEqual({ user: 'bert' });
  });

  it('sends no cookie to a browser that came without', async () => {
    const { cookies } = await app.answer(async (request) => {
      request.session.user = 'anna';
      await app.sessions.commit(request.session);
      await app.sessions.destroy(request.sessionID);
    }, new Browser(app.app));
    expect(cookies).toEqual([]);
  });

  it("keeps the session of a user who destroys another's", async () => {
    const anna = await app.browser({ user: 'anna', a: 1 });
    const bert = await app.browser({ user: 'bert', b: 1 });
    const { cookies } = await app.answer(() => app.sessions.destroyAll({ userId: 'anna' }), bert);
    expect(cookies.filter((cookie) => CLEARED.test(cookie))).toEqual([]);
    expect([await bert.session(), await anna.session()]).toEqual([{ user: 'bert', b: 1 }, {}]);
    const spared = await app.browser({ user: 'anna', a: 2 });
    await app.answer(({ sessionID }) => app.sessions.destroyAll({ userId: 'anna', except: sessionID }), spared);
    expect(await spared.session()).toEqual({ user: 'anna', a: 2 });
  });

  it.each(WAYS)('sends nothing with a late request of a session that another request has ended by %s', async (way) => {
    const browser = await app.browser();
    const late = Object.assign(new Browser(app.app), { cookie: browser.cookie });
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let enter = () => {};
    const entered = new Promise<void>((resolve) => (enter = resolve));
    const answered = app.answer(async () => {
      enter();
      await released;
    }, late);
    await entered;
    const { cookies } = await app.answer(app.ways[way]!, browser);
    release();
    expect([cookies, (await answered).cookies]).toEqual([[expect.stringMatching(CLEARED)], []]);
  });
});

describe('logout', () => {
  it.each<[string, SmartSessionModuleOptions, string]>([
    ['null, with `unset`', { unset: 'destroy' }, 'sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax'],
    [
      'null, with other attributes',
      { unset: 'destroy', cookie: { domain: 'a.example', path: '/', sameSite: 'strict', httpOnly: false } },
      'sid=; Domain=a.example; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=Strict',
    ],
  ])('by %s clears the cookie as it was set', async (_what, options, expected) => {
    const app = await LogoutApp.start(options);
    const browser = await app.browser();
    const { cookies } = await app.answer((request) => void (request.session = null), browser);
    expect([cookies, await app.sessions.count()]).toEqual([[expected], 0]);
    await app.app.close();
  });

  it('by null keeps the session and its cookie without `unset`', async () => {
    const app = await LogoutApp.start();
    const browser = await app.browser();
    expect((await app.answer((request) => void (request.session = null), browser)).cookies).toEqual([]);
    expect(await browser.session()).toEqual({ user: 'anna' });
    await app.app.close();
  });
});
