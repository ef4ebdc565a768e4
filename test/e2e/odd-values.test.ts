import { once } from 'node:events';
import expressSession from 'express-session';
import { DatabaseContext, SessionService, type ValueCodec } from '../../src/index.js';
import { DEEPEST } from '../../src/codec/depth.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { startHandlerApp, type Handler, type Session, type Way } from '../support/handler-app.js';

/** A list in a list, so many times. */
const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;

type Started = Awaited<ReturnType<typeof startHandlerApp>>;
const start = async ({ ask }: Started) => (await ask('', (session) => void (session.start = 1))).cookie;
const keysOf = async ({ ask }: Started, cookie: string) => (await ask(cookie, (session) => Object.keys(session).toSorted())).body;

describe('values and names that a session cannot hold', () => {
  let started: Started;
  beforeAll(async () => {
    started = await startHandlerApp({});
  });
  afterAll(() => started.app.close());

  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(expressSession.Session.prototype));
  const names = [...Object.getOwnPropertyNames(expressSession.Session.prototype), ...own, 'toJSON'].filter((name) => name !== '__proto__');
  const given = [1, null, 'x', {}, () => 1];

  it.each<[string, Handler]>([
    ['a value nested one level too deep', (session) => void (session.odd = nested(DEEPEST + 1))],
    [
      'a value in which a toJSON() nests without an end',
      (session) => {
        const endless = { toJSON: () => ({ endless }) };
        session.odd = endless;
      },
    ],
    ...[null, undefined, 'x', {}, { maxAge: 1000 }, () => 1].map((cookie): [string, Handler] => [
      `${typeof cookie} ${JSON.stringify(cookie)} in place of the cookie`,
      (session) => void (session.cookie = cookie as never),
    ]),
    ['a session without a cookie', (session) => void delete (session as { cookie?: unknown }).cookie],
    ['another prototype', (session) => void Object.assign(session, JSON.parse('{"__proto__":{"a":1}}'))],
    ['no prototype', (session) => void Object.setPrototypeOf(session, null)],
  ])('answers 500 and stores nothing for %s', async (_what, by) => {
    for (const way of ['handler', 'nest'] satisfies Way[]) {
      const cookie = await start(started);
      const { status, set } = await started.ask(
        cookie,
        (session, ...rest) => {
          session.more = 1;
          return by(session, ...rest);
        },
        way,
      );
      expect([status, set, await keysOf(started, cookie)]).toEqual([500, undefined, ['cookie', 'start']]);
      expect((await started.ask(cookie, by, way)).status).toBe(500);
      expect((await started.ask('', by, way)).status).toBe(500);
    }
  });

  it('answers 500 and stores nothing for a value under each reserved name', async () => {
    const cookie = await start(started);
    for (const [n, name] of names.entries()) {
      const { status } = await started.ask(cookie, (session) => {
        session.more = 1;
        (session as Session)[name] = given[n % given.length];
      });
      expect([name, status]).toEqual([name, 500]);
    }
    expect(await keysOf(started, cookie)).toEqual(['cookie', 'start']);
  });

  it.each<[string, Handler]>([
    ['an empty object in place of the session', (_session, request) => void (request.session = {} as never)],
    ['a list in place of the session', (_session, request) => void (request.session = [] as never)],
    ['a function in place of the session', (_session, request) => void (request.session = (() => 1) as never)],
    [
      'a max age that is none, put past the cookie',
      (session) => void Object.defineProperty(session.cookie, 'originalMaxAge', { value: 'x' }),
    ],
    ['a method that is hidden', (session) => void Object.defineProperty(session, 'touch', { value: 1 })],
    [
      'a cookie that throws',
      (session) =>
        void Object.defineProperty(session, 'cookie', {
          get: () => {
            throw undefined;
          },
        }),
    ],
  ])('answers, and does not hang, for %s', async (_what, by) => {
    for (const way of ['handler', 'nest'] satisfies Way[]) {
      const statuses = [(await started.ask(await start(started), by, way)).status, (await started.ask('', by, way)).status];
      // Where express-session had nothing to do, it has met nothing odd.
      for (const status of statuses) expect([200, 500]).toContain(status);
    }
  });

  it('answers for a frozen session, and takes nothing away that others have stored', async () => {
    const cookie = await start(started);
    expect((await started.ask(cookie, (session) => void Object.freeze(session))).status).toBe(200);
    expect((await started.ask('', (session) => void Object.freeze(Object.assign(session, { a: 1 })))).status).toBe(200);
    const { status } = await started.ask(cookie, async (session) => {
      await started.app.get(SessionService).update(session.id, (draft: any) => void (draft.theirs = 1));
      Object.freeze(Object.assign(session, { mine: 1 }));
    });
    expect([status, await keysOf(started, cookie)]).toEqual([200, ['cookie', 'mine', 'start', 'theirs']]);
  });

  it.each([DEEPEST + 1, 1000, 100_000])('takes a row that is nested %i levels deep for no session, and answers', async (levels) => {
    const cookie = await start(started);
    const { runner } = started.app.get(DatabaseContext, { strict: false });
    const { body: id } = await started.ask(cookie, (session) => session.id);
    await runner.run(
      `update sessions set data = '{"odd":${'['.repeat(levels)}${']'.repeat(levels)}}' where session_id = '${storageKeyOf(id)}'`,
    );
    const { status, body } = await started.ask(cookie, (session) => [session.id === id, Object.keys(session)]);
    expect([status, body]).toEqual([200, [false, ['cookie']]]);
  });

  it('loads what is nested as deep as is allowed', async () => {
    const { cookie } = await started.ask('', (session) => void (session.odd = nested(DEEPEST)));
    const { status, body } = await started.ask(cookie, (session) => {
      session.more = 1;
      return session.odd;
    });
    expect([status, body]).toEqual([200, nested(DEEPEST)]);
  });
});

describe('values that differ at each look', () => {
  let n = 0;
  const versionOf = async ({ app, ask }: Started, cookie: string) => {
    const { runner } = app.get(DatabaseContext, { strict: false });
    const { body: id } = await ask(cookie, (session) => session.id);
    return Number((await runner.run(`select lock_version from sessions where session_id = '${storageKeyOf(id)}'`)).rows[0]!.lock_version);
  };
  const random: ValueCodec = { encode: (value) => ({ value, nonce: n++ }), decode: (stored) => (stored as { value: unknown }).value };
  class Sub extends Date {
    override toJSON(): string {
      return String(n++);
    }
  }
  const VALUES: [string, Handler][] = [
    ['a counter in a toJSON()', (session) => void (session.odd = { toJSON: () => n++ })],
    ['a nested one', (session) => void (session.odd = [{ at: { toJSON: () => n++ } }])],
    ['the time', (session) => void (session.odd = { toJSON: () => process.hrtime.bigint().toString() })],
    ['a getter', (session) => void (session.odd = Object.defineProperty({}, 'n', { get: () => n++, enumerable: true }))],
    [
      'a getter of the session',
      (session) => void Object.defineProperty(session, 'odd', { get: () => ({ n: n++ }), enumerable: true, configurable: true }),
    ],
    [
      'a proxy',
      (session) => void (session.odd = new Proxy({ n }, { get: (target, name) => (name === 'n' ? n++ : Reflect.get(target, name)) })),
    ],
    ['a date of a class of its own', (session) => void (session.odd = new Sub())],
    [
      'an object that its toJSON() changes',
      (session) =>
        void (session.odd = {
          n: 0,
          toJSON() {
            return { n: ++this.n };
          },
        }),
    ],
  ];

  it('are stored by one commit where the gate commits, and by few behind an interceptor', async () => {
    const started = await startHandlerApp({});
    for (const [what, by] of VALUES) {
      for (const [way, most] of [
        ['handler', 1],
        ['nest', 3],
      ] as const) {
        const cookie = await start(started);
        const { status } = await started.ask(
          cookie,
          (session, ...rest) => {
            by(session, ...rest);
            return session;
          },
          way,
        );
        expect([what, status, (await versionOf(started, cookie)) <= (what === 'the time' ? most + 1 : most)]).toEqual([what, 200, true]);
        expect(await keysOf(started, cookie)).toEqual(['cookie', 'odd', 'start']);
      }
    }
    await started.app.close();
  });

  it('are stored where a codec gives another text each time, with what a handler has changed', async () => {
    const started = await startHandlerApp({ serializer: random });
    const cookie = await start(started);
    for (const way of ['handler', 'nest'] satisfies Way[]) {
      expect((await started.ask(cookie, (session) => void (session.list = [...(session.list ?? []), 1]), way)).status).toBe(200);
    }
    expect((await started.ask(cookie, (session) => [session.start, session.list])).body).toEqual([1, [1, 1]]);
    await started.app.close();
  });
});

describe('JSON.stringify(session)', () => {
  it('gives the values to everybody but express-session', async () => {
    const seen: string[] = [];
    const started = await startHandlerApp({}, (request, response, next) => {
      const see = () => seen.push(JSON.stringify({ ...JSON.parse(JSON.stringify(request.session)), cookie: undefined }));
      const { writeHead, end } = response;
      response.writeHead = function (this: typeof response, ...given: unknown[]) {
        see();
        return (writeHead as Function).apply(this, given);
      } as typeof writeHead;
      response.end = function (this: typeof response, ...given: unknown[]) {
        see();
        return (end as Function).apply(this, given);
      } as typeof end;
      next();
    });
    const { cookie } = await started.ask('', (session) => void (session.a = 1));
    await started.ask(cookie, () => 'read');
    const { runner, dialect } = started.app.get(DatabaseContext, { strict: false });
    await runner.run(`update sessions set expires_at = ${dialect.fromNow('3600000')}`);
    // The touch that is due goes through express-session's own `end`.
    const { body } = await started.ask(cookie, async (session, _request, response) => {
      void once(response, 'finish');
      return session;
    });
    expect(body.a).toBe(1);
    expect(new Set(seen)).toEqual(new Set(['{"a":1}']));
    expect(seen).toHaveLength(6);
    await started.app.close();
  });
});
