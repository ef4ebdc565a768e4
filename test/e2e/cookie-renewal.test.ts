import type { INestApplication } from '@nestjs/common';
import type { Request, Response } from 'express';
import { DatabaseContext, SmartSessionMiddleware, type SmartSessionModuleOptions } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { sessionIdOf, signedCookie } from '../support/signed-cookie.js';
import { startTestApp } from '../support/test-app.js';

const HOUR = 3_600_000;

/** Starts an app whose handler streams its answer, beside those of the test app. */
async function start(options: Partial<SmartSessionModuleOptions>): Promise<INestApplication> {
  return startTestApp('sqlite', {
    options: { mount: false, pruneInterval: false, ...options },
    prepare: (nest) => {
      const middleware = nest.get(SmartSessionMiddleware);
      nest.use(middleware.use.bind(middleware));
      nest.use('/stream', (_request: Request, response: Response) => {
        response.write('first ');
        response.end('second');
      });
      nest.use('/head', (_request: Request, response: Response) => {
        response.writeHead(200);
        response.end('x');
      });
    },
  });
}

async function withApp(options: Partial<SmartSessionModuleOptions>, work: (app: INestApplication) => Promise<void>): Promise<void> {
  const app = await start(options);
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

/** Lets the one session live for so many ms more. */
async function leave(app: INestApplication, ms: number): Promise<void> {
  const { runner, dialect } = app.get(DatabaseContext, { strict: false });
  await runner.run(`update sessions set expires_at = ${dialect.fromNow(String(ms))}`);
}

async function left(app: INestApplication): Promise<number> {
  const { runner, dialect } = app.get(DatabaseContext, { strict: false });
  return Number((await runner.run(`select ${dialect.until('expires_at')} as remaining from sessions`)).rows[0]!.remaining);
}

/** When the cookie of an answer ends, in ms from now; undefined without a cookie. */
function cookieLife(headers: object): number | undefined {
  const [cookie] = (headers as { 'set-cookie'?: string[] })['set-cookie'] ?? [];
  const expires = cookie && /; Expires=([^;]+)/.exec(cookie)?.[1];
  return expires ? Date.parse(expires) - Date.now() : undefined;
}

describe('a cookie with a max age', () => {
  it.each(['/session', '/nothing', '/stream', '/head', '/res'])('is sent anew when its record is extended: %s', async (path) => {
    await withApp({ cookie: { maxAge: HOUR } }, async (app) => {
      const browser = new Browser(app);
      await browser.post('/set', { a: 1, res: 1 });
      await leave(app, 0.6 * HOUR);
      const { headers } = await browser.get(path);
      expect(cookieLife(headers)).toBeGreaterThan(0.9 * HOUR);
      expect(await left(app)).toBeGreaterThan(0.9 * HOUR);
    });
  });

  it.each(['/session', '/stream', '/head'])('is not sent while no extension is due: %s', async (path) => {
    await withApp({ cookie: { maxAge: HOUR } }, async (app) => {
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      await leave(app, HOUR - 30_000);
      const { headers } = await browser.get(path);
      expect(headers).not.toHaveProperty('set-cookie');
      expect(await left(app)).toBeLessThan(HOUR - 29_000);
    });
  });

  it('is sent by each answer with `rolling`', async () => {
    await withApp({ cookie: { maxAge: HOUR }, rolling: true }, async (app) => {
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      expect(cookieLife((await browser.get('/session')).headers)).toBeGreaterThan(0.95 * HOUR);
    });
  });

  it('is sent by an answer that changes the session', async () => {
    await withApp({ cookie: { maxAge: HOUR } }, async (app) => {
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      await leave(app, 0.9 * HOUR);
      expect(cookieLife((await browser.post('/set', { a: 2 })).headers)).toBeGreaterThan(0.95 * HOUR);
      expect(await left(app)).toBeGreaterThan(0.95 * HOUR);
    });
  });

  it.each([{}, { cookie: { maxAge: HOUR } }])('is sent when a handler sets the max age and nothing else, with %j', async (options) => {
    await withApp(options, async (app) => {
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      expect(cookieLife((await browser.post('/remember', { maxAge: 10 * HOUR })).headers)).toBeGreaterThan(9 * HOUR);
      expect(await left(app)).toBeGreaterThan(9 * HOUR);
    });
  });

  it('is not sent where a session is not extended, nor for a session without a max age', async () => {
    await withApp({ cookie: { maxAge: HOUR }, absoluteTtl: HOUR / 2 }, async (app) => {
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      expect((await browser.get('/session')).headers).not.toHaveProperty('set-cookie');
    });
    await withApp({ ttl: HOUR }, async (app) => {
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      await leave(app, HOUR / 4);
      expect((await browser.get('/session')).headers).not.toHaveProperty('set-cookie');
      expect(await left(app)).toBeGreaterThan(0.9 * HOUR);
    });
  });
});

describe.each<Partial<SmartSessionModuleOptions>>([{}, { cookie: { maxAge: HOUR } }])(
  'a cookie that an older secret has signed, with %j',
  (options) => {
    it('is signed by the first secret when it is used', async () => {
      await withApp({ ...options, secret: ['new', Buffer.from('old')] }, async (app) => {
        const browser = new Browser(app);
        await browser.post('/set', { a: 1 });
        const id = sessionIdOf(browser.cookie);
        expect(browser.cookie).toBe(signedCookie(id, 'new'));
        expect((await browser.get('/session')).headers).not.toHaveProperty('set-cookie');
        browser.cookie = `other=%E0%A4%A; ${signedCookie(id, 'old')}`;
        expect((await browser.get('/stream')).headers).toHaveProperty('set-cookie');
        expect(browser.cookie).toBe(signedCookie(id, 'new'));
        expect(await browser.session()).toEqual({ a: 1 });
      });
    });

    it.each([
      'sid=',
      'sid',
      'sid=x',
      'sid=s%3Ax',
      'sid=s%3A.',
      'sid=%',
      'other=1',
      'sid=s%3Ax.y; sid=s%3Ax.y',
      `sid=s%3A${'.'.repeat(10_000)}`,
    ])('stays away where the cookie opens no session: %.40s', async (cookie) => {
      await withApp({ ...options, secret: ['new', 'old'] }, async (app) => {
        const browser = Object.assign(new Browser(app), { cookie });
        const { status, headers } = await browser.get('/nothing');
        expect([status, headers['set-cookie']]).toEqual([200, undefined]);
      });
    });
  },
);
