import { startHandlerApp, type Handler } from '../support/handler-app.js';

/** A list in a list, so many times. */
const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;

describe('values and names that a session cannot hold', () => {
  let started: Awaited<ReturnType<typeof startHandlerApp>>;
  beforeAll(async () => {
    started = await startHandlerApp({});
  });
  afterAll(() => started.app.close());

  const start = async () => (await started.ask('', (session) => void (session.start = 1))).cookie;
  const keysOf = async (cookie: string) => (await started.ask(cookie, (session) => Object.keys(session))).body;

  it.each<[string, Handler]>([
    ['nested 600 levels deep', (session) => void (session.odd = nested(600))],
    ['put in place of the cookie', (session) => void ((session as any).cookie = null)],
  ])('answers 500 and stores nothing for a value %s', async (_what, by) => {
    const cookie = await start();
    const { status } = await started.ask(cookie, (session, ...rest) => {
      session.more = 1;
      return by(session, ...rest);
    });
    expect([status, await keysOf(cookie)]).toEqual([500, ['start', 'cookie']]);
  });

  it('stores a value that differs at each look once', async () => {
    let n = 0;
    expect((await started.ask(await start(), (session) => void (session.odd = { toJSON: () => n++ }))).status).toBe(200);
  });

  it('answers 500 for a value put in place of `save`', async () => {
    expect((await started.ask(await start(), (session) => void ((session as any).save = 1))).status).toBe(500);
  });
});
