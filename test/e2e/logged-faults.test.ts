import { Logger } from '@nestjs/common';
import { startHandlerApp, type Handler } from '../support/handler-app.js';

function cycle(): object {
  const object: { self?: object } = {};
  return Object.assign(object, { self: object });
}

type Started = Awaited<ReturnType<typeof startHandlerApp>>;

describe('the log after a request that the sessions refuse', () => {
  let started: Started;
  let lines: string[];
  beforeAll(async () => {
    started = await startHandlerApp({ userId: 'userId' as never, maxBytes: 1000 });
  });
  beforeEach(() => {
    lines = [];
    Logger.overrideLogger({ log() {}, warn() {}, error: (line: string) => lines.push(line) });
  });
  afterEach(() => Logger.overrideLogger(false));
  afterAll(() => started.app.close());

  const faults: [string, Handler, string][] = [
    ['a function', (session) => void (session.odd = () => 1), 'The session cannot store a function at `odd`'],
    ['a cycle', (session) => void (session.odd = cycle()), 'The session cannot store a cycle at `odd.self`'],
    [
      'a promise',
      (session) => void (session.odd = { user: Promise.resolve(1) }),
      'The session cannot store a promise at `odd.user`. Nothing was written. Await it',
    ],
    ['an object as the user id', (session) => void (session.userId = { id: 1 }), 'The session cannot store an object as the user id'],
    ['too many bytes', (session) => void (session.odd = 'x'.repeat(2000)), "The session's data has"],
  ];

  it.each(faults)('has one line of %s, in Nest and outside', async (_what, by, message) => {
    expect((await started.ask('', by, 'nest')).status).toBe(500);
    expect(lines).toEqual([expect.stringContaining(`GET /nest: ${message}`)]);
    expect((await started.ask('', by, 'handler')).status).toBe(500);
    expect(lines).toEqual([expect.anything(), expect.stringContaining(`GET /handler: ${message}`)]);
  });

  it("leaves the app's own errors to Nest", async () => {
    const by = () => {
      throw new TypeError('of the app');
    };
    expect((await started.ask('', by, 'nest')).status).toBe(500);
    expect(lines).toHaveLength(1);
    expect(String(lines[0])).not.toContain('GET');
  });
});
