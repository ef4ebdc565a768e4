import { once } from 'node:events';
import { vi } from 'vitest';
import { Logger } from '@nestjs/common';
import { SessionService } from '../../src/index.js';
import { LateChanges } from '../../src/middleware/late-changes.js';
import { Browser } from '../support/browser.js';
import { GatedApp, type GatedHandler } from '../support/gated-app.js';

describe('a change after the response', () => {
  let app: GatedApp;
  let browser: Browser;
  let warnings: string[];

  beforeEach(async () => {
    warnings = [];
    app = await GatedApp.start();
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => void warnings.push(String(message)));
    browser = new Browser(app.nest);
    await browser.post('/set', { start: 1 });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await app.close();
  });

  /** Answers, runs the handler once the response is closed, and looks twice, as the timer does. */
  async function look(late: GatedHandler, between: () => unknown = () => undefined, by = browser): Promise<string[]> {
    let done: unknown;
    const closed = new Promise<void>((resolve) => {
      app.handler = async (request, response, next) => {
        const isClosed = once(response, 'close');
        response.end('x');
        await isClosed;
        done = late(request, response, next);
        await done;
        resolve();
      };
    });
    await by.get('/handler');
    await closed;
    app.nest.get(LateChanges, { strict: false }).look();
    await between();
    app.nest.get(LateChanges, { strict: false }).look();
    return warnings;
  }

  it.each<[string, GatedHandler, string]>([
    ['a key that is set', ({ session }) => (session.late = 1), '"late"'],
    ['a key that is deleted', ({ session }) => delete session.start, '"start"'],
    ['a value that is changed within', ({ session }) => (session.start = { deep: [1] }), '"start"'],
    ['the max age', ({ session }) => (session.cookie.maxAge = 1000), '"cookie.maxAge"'],
    ['two keys, one with a line break', ({ session }) => Object.assign(session, { a: 1, 'b\nc': 2 }), '"a", "b\\nc"'],
  ])('gives one warning for the route, with its keys: %s', async (_what, late, keys) => {
    expect(await look(late)).toEqual([
      expect.stringContaining(`A handler of GET /handler changed ${keys} in the session after the response`),
    ]);
    expect(await look(late)).toHaveLength(1);
  });

  it('gives a warning for a new session, and for one that the handler has regenerated', async () => {
    expect(await look(({ session }) => (session.late = 1), undefined, new Browser(app.nest))).toHaveLength(1);
    await app.close();
    app = await GatedApp.start();
    warnings = [];
    const login: GatedHandler = async (request) => {
      await app.nest.get(SessionService).regenerate(request);
      request.session.user = 'anna';
    };
    expect(await look(login, undefined, new Browser(app.nest))).toEqual([expect.stringContaining('"user"')]);
  });

  it.each<[string, GatedHandler]>([
    ['nothing changes', () => undefined],
    [
      'the handler saves',
      ({ session }) => {
        session.late = 1;
        return new Promise((resolve) => session.save(resolve));
      },
    ],
    [
      'the session is destroyed',
      ({ session }) => {
        session.late = 1;
        return new Promise((resolve) => session.destroy(resolve));
      },
    ],
    ['a value has no text', ({ session }) => (session.late = 1n)],
  ])('gives no warning if %s', async (_what, late) => {
    expect(await look(late)).toEqual([]);
  });

  it('gives no warning if the handler saves a moment later', async () => {
    let session: any;
    const late: GatedHandler = (request) => {
      ({ session } = request);
      session.late = 1;
    };
    expect(await look(late, () => new Promise((resolve) => session.save(resolve)))).toEqual([]);
  });
});

it('in production is not looked for', async () => {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  const app = await GatedApp.start({ options: { secret: 'a-long-and-random-secret-7f3a9c2e5b8d1f4a6c', cookie: { secure: false } } });
  process.env.NODE_ENV = NODE_ENV;
  const watch = vi.spyOn(app.nest.get(LateChanges, { strict: false }), 'watch');
  await app.answer((_request, response) => response.end());
  expect(watch).not.toHaveBeenCalled();
  await app.close();
});
