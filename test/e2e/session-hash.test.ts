import type { INestApplication } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { SmartSessionMiddleware, type SmartSessionModuleOptions, type ValueCodec } from '../../src/index.js';
import { startTestApp } from '../support/test-app.js';

type Session = Request['session'] & Record<string, any>;
type Handler = (session: Session, request: Request, response: Response) => unknown;

/** An app whose one route runs a handler of the test, and what a client of it sees. */
async function startHandlerApp(options: Partial<SmartSessionModuleOptions>) {
  let handler: Handler = () => undefined;
  const app: INestApplication = await startTestApp('sqlite', {
    options: { ...options, mount: false, pruneInterval: false },
    prepare: (nest) => {
      const middleware = nest.get(SmartSessionMiddleware);
      nest.use(middleware.use.bind(middleware));
      nest.use('/handler', async (request: Request, response: Response, next: NextFunction) => {
        try {
          const body = await handler(request.session as Session, request, response);
          if (!response.writableEnded) response.json(body ?? null);
        } catch (error) {
          next(error);
        }
      });
    },
  });
  const url = `${await app.getUrl()}/handler`;
  return {
    app,
    async ask(cookie: string, by: Handler) {
      handler = by;
      const response = await fetch(url, { headers: { cookie }, signal: AbortSignal.timeout(2000) });
      const [set] = response.headers.getSetCookie();
      return { status: response.status, body: (await response.json().catch(() => undefined)) as any, set, cookie: set?.split(';')[0] ?? cookie };
    },
  };
}

/** What JSON.stringify refuses. */
const ODD: [string, () => unknown][] = [
  ['a bigint', () => 5n],
  ['a list of bigints', () => new BigInt64Array([1n, 2n])],
  ['a cycle', () => {
    const cycle: { self?: unknown } = {};
    return (cycle.self = cycle);
  }],
];

/** Stores bigints as texts, and leaves symbols out. */
const bigints: ValueCodec = {
  encode: (value) => (typeof value === 'bigint' ? { $big: String(value) } : typeof value === 'symbol' ? undefined : value),
  decode: (stored) => (typeof stored === 'object' && stored !== null && '$big' in stored ? BigInt(String(stored.$big)) : stored),
};

describe.each<[string, SmartSessionModuleOptions['serializer'], typeof ODD]>([
  ['rich', 'rich', ODD],
  ['an own codec', bigints, ODD.slice(0, 1)],
])('values that JSON does not know, with the serializer %s', (_name, serializer, values) => {
  let started: Awaited<ReturnType<typeof startHandlerApp>>;
  beforeAll(async () => {
    started = await startHandlerApp({ serializer: serializer! });
  });
  afterAll(() => started.app.close());

  it.failing.each(values)('stores %s in a new session, loads it, changes it, saves it and reloads it', async (_what, make) => {
    const first = await started.ask('', (session) => void (session.odd = make()));
    expect(first).toMatchObject({ status: 200, set: expect.stringContaining('sid=') });
    const steps: Handler[] = [
      (session) => void (session.more = make()),
      (session) => new Promise<void>((resolve, reject) => session.save((error) => (error ? reject(error) : resolve()))),
      (session) => new Promise<void>((resolve, reject) => session.reload((error) => (error ? reject(error) : resolve()))),
    ];
    for (const step of steps) expect((await started.ask(first.cookie, step)).status).toBe(200);
    expect((await started.ask(first.cookie, (session) => Object.keys(session))).body).toEqual(['more', 'odd', 'cookie']);
  });
});
