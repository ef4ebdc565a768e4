import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import {
  DatabaseContext,
  SessionRepository,
  SessionService,
  SmartSessionMiddleware,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { answerJson } from '../support/platform.js';
import { Browser } from '../support/browser.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { startTestApp } from '../support/test-app.js';

type Handler = (request: Request & { session: any }, response: Response, next: NextFunction) => unknown;

/** Mounts the sessions, and a handler beside Nest's pipeline. */
function mountHandler(app: INestApplication, handler: () => Handler): void {
  const middleware = app.get(SmartSessionMiddleware);
  app.use(middleware.use.bind(middleware));
  app.use('/handler', (request: Request, response: Response, next: NextFunction) => handler()(request as never, response, next));
}

// What answers past Nest's pipeline meets the gate alone. The gate knows no database: SQLite will do.
describe('the gate before the response', () => {
  let app: INestApplication;
  let repository: FaultyRepository;
  let handler: Handler;
  let failures: unknown[];
  const collect = (error: unknown) => failures.push(error);

  beforeAll(async () => {
    app = await startTestApp('sqlite', {
      options: { repository: FaultyRepository, mount: false, maxAttempts: 1, timeout: 1000 },
      prepare: (nest) => mountHandler(nest, () => handler),
    });
    repository = app.get(SessionRepository);
    process.on('unhandledRejection', collect);
  });
  beforeEach(() => {
    failures = [];
    repository.faults = {};
  });
  afterEach(() => expect(failures).toEqual([]));
  afterAll(async () => {
    process.off('unhandledRejection', collect);
    await app.close();
  });

  const answer = (by: Handler, browser = new Browser(app)) => {
    handler = by;
    return browser.get('/handler');
  };
  const slow = { effect: 'none', meanwhile: () => sleep(50) } as const;
  const failed = { kind: 'failed', effect: 'none' } as const;

  it.each<[string, Handler]>([
    [
      'a header that cannot be sent',
      ({ session }, response) => {
        session.a = 1;
        response.writeHead(302, { Location: '/x\nfoo' });
        response.end();
      },
    ],
    [
      'a body that cannot be sent',
      ({ session }, response, next) => {
        session.a = 1;
        try {
          (response as any).end({ a: 1 });
        } catch (error) {
          next(error);
        }
      },
    ],
    [
      'a text in place of the session',
      (request, response) => {
        request.session = 'a' as never;
        response.end('x');
      },
    ],
    [
      'true in place of the session',
      (request, response) => {
        request.session = true as never;
        response.end('x');
      },
    ],
    [
      'an object in place of the session',
      (request, response) => {
        request.session = { a: 1 };
        response.end('x');
      },
    ],
  ])('answers 500, and does not hang, for %s', async (_what, by) => {
    expect((await answer(by)).status).toBe(500);
  });

  it.each<[string, Handler]>([
    ['a session that nobody has changed', () => undefined],
    ['a changed one', ({ session }) => (session.a = Math.random())],
  ])('is ended once, however often a handler ends it, with %s', async (_what, change) => {
    const browser = new Browser(app);
    await browser.post('/set', { start: 1 });
    const uncaught: unknown[] = [];
    const response = await answer(async (request, res) => {
      res.on('error', (error) => uncaught.push(error));
      change(request, res, () => undefined);
      res.end('x');
      res.end('y');
      await sleep(20);
      res.end('z');
    }, browser);
    await sleep(40);
    expect([response.status, response.text, uncaught]).toEqual([200, 'x', []]);
  });

  it.each<[string, string[]]>([
    ['nothing but', []],
    ['a text and', ['x']],
    ['bytes in hex and', ['78', 'hex']],
  ])('calls back to who ends a response with %s a callback, also when the expiry is extended', async (_what, body) => {
    const browser = new Browser(app);
    await browser.post('/set', { start: 1 });
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    await runner.run(`update sessions set expires_at = ${dialect.fromNow('3600000')}`);
    const touches = repository.calls.filter((call) => call === 'touch').length;
    let callBack: (...given: unknown[]) => void = () => undefined;
    const finished = new Promise<unknown[]>((resolve) => (callBack = (...given) => resolve(given)));
    const response = await answer((_request, res) => (res as any).end(...body, callBack), browser);
    expect([response.status, response.text, await finished]).toEqual([200, body.length === 0 ? '' : 'x', []]);
    expect(repository.calls.filter((call) => call === 'touch')).toHaveLength(touches + 1);
  });

  it('sends one head, however often a middleware that looks at private fields asks for it', async () => {
    const response = await answer(({ session }, res) => {
      session.a = 1;
      for (const part of ['a', 'b']) {
        if (!(res as any)._header) (res as any)._implicitHeader();
        res.write(part);
      }
      res.end('c');
    });
    expect([response.status, response.text]).toEqual([200, 'abc']);
  });

  it('stores what changes while the answer is held, or refuses the answer', async () => {
    const browser = new Browser(app);
    await browser.post('/set', { start: 1 });
    const changeWhileHeld: Handler = async ({ session }, response) => {
      session.a = (session.a ?? 0) + 1;
      response.write('x');
      await sleep(10);
      session.b = session.a;
      response.end('y');
    };
    repository.faults.update = [slow];
    expect((await answer(changeWhileHeld, browser)).text).toBe('xy');
    expect(await browser.session()).toEqual({ start: 1, a: 1, b: 1 });
    repository.faults.update = [slow, failed];
    expect((await answer(changeWhileHeld, browser)).status).toBe(503);
    expect(await browser.session()).toEqual({ start: 1, a: 2, b: 1 });
  });

  it('sends no cookie for a session that was made while the answer was held, and never stored', async () => {
    const browser = new Browser(app);
    await browser.post('/set', { start: 1 });
    repository.faults.update = [slow];
    repository.faults.insert = [failed];
    const response = await answer((request, res) => {
      request.session.a = 1;
      res.write('x');
      request.session.regenerate(() => {
        request.session.user = 1;
        res.end('y');
      });
    }, browser);
    expect(response.status).toBe(503);
    expect(response.headers).not.toHaveProperty('set-cookie');
  });

  it('commits nothing behind a 503, though two commits were asked for', async () => {
    const browser = new Browser(app);
    await browser.post('/set', { start: 1 });
    repository.faults.update = [{ kind: 'rolled-back', effect: 'none' }];
    expect((await browser.get('/res')).status).toBe(503);
    expect(await browser.session()).toEqual({ start: 1 });
  });

  it('answers no success for a save that failed and was overlooked', async () => {
    repository.faults.insert = [failed];
    const response = await answer(({ session }, res) => {
      session.a = 1;
      session.save(() => res.end('fine'));
    });
    expect(response.status).toBe(503);
  });

  it('sends the status from the time when the answer was held, and calls the callback of a refused write', async () => {
    expect(
      (
        await answer(({ session }, res) => {
          session.a = 1;
          res.statusCode = 202;
          answerJson(res, {});
          res.statusCode = 500;
        })
      ).status,
    ).toBe(202);
    repository.faults.insert = [failed];
    const refused: unknown[] = [];
    const response = await answer(({ session }, res) => {
      session.a = 1;
      res.write('x', (error) => {
        refused.push(error);
        res.write('y', (later) => refused.push(later));
      });
    });
    await sleep(10);
    expect(response.status).toBe(503);
    expect(refused).toEqual([expect.any(Error), expect.any(Error)]);
  });
});

// A cookie that comes later than that of the login would log the user out.
describe.each<Partial<SmartSessionModuleOptions>>([{ rolling: true, unset: 'destroy' }, { cookie: { maxAge: 60_000 } }])(
  'a request beside a login, with %j',
  (options) => {
    it.each(['by the gate', 'before'])('sends no cookie of the old session, committed %s', async (when) => {
      let handler: Handler = () => undefined;
      const app = await startTestApp('sqlite', {
        options: { ...options, mount: false },
        prepare: (nest) => mountHandler(nest, () => handler),
      });
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      const late = Object.assign(new Browser(app), { cookie: browser.cookie });
      handler = async (request, response) => {
        await browser.post('/login');
        request.session.late = 1;
        if (when === 'before') await app.get(SessionService).commit(request.session);
        response.write('first');
        if (when === 'before') (request as { session: unknown }).session = null;
        response.end();
      };
      const response = await late.get('/handler');
      expect(response.status).toBe(200);
      expect(response.headers).not.toHaveProperty('set-cookie');
      expect(await browser.session()).toEqual({ user: 'anna' });
      expect(await app.get(SessionService).count()).toBe(1);
      await app.close();
    });
  },
);
