import { HttpException } from '@nestjs/common';
import { SessionService, type SessionEventEmitter, type SmartSessionModuleOptions } from '../../src/index.js';
import { startHandlerApp, type Handler } from '../support/handler-app.js';

/** Throws what a test says. */
let thrown: () => unknown = () => undefined;
const fail = (): never => {
  throw thrown();
};

const unreadable = (name: string) => () => Object.defineProperty(new Error('odd'), name, { get: () => fail() });

const THROWN: [string, () => unknown][] = [
  ['null', () => null],
  ['undefined', () => undefined],
  ['a text', () => 'odd'],
  ['0', () => 0],
  ['a symbol', () => Symbol('odd')],
  ['an object without a prototype', () => Object.create(null)],
  ['a frozen error', () => Object.freeze(new Error('odd'))],
  ['an error that is no Error', () => ({ name: 1, message: 2, stack: 3 })],
  ['an error whose message throws', unreadable('message')],
  ['an error whose stack throws', unreadable('stack')],
  ['an error whose name throws', unreadable('name')],
  ['an error without a message', () => Object.assign(new Error('odd'), { message: undefined, stack: undefined })],
  ['an error that answers 200', () => new HttpException('odd', 200)],
  ['an error with a status that is none', () => new HttpException('odd', 7)],
  ['an error whose status throws', () => Object.assign(new HttpException('odd', 400), { getStatus: fail })],
  [
    'a revoked proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  ],
];

const deepGetter = () => ({ list: [Object.defineProperty({}, 'odd', { get: fail, enumerable: true })] });
let isUserIdBroken = false;

const PLACES: [string, Handler][] = [
  ['a toJSON', (session) => void (session.odd = { toJSON: fail })],
  ['a nested toJSON', (session) => void (session.odd = [{ deep: { toJSON: fail } }])],
  ['a getter of the session', (session) => void Object.defineProperty(session, 'odd', { get: fail, enumerable: true, configurable: true })],
  [
    'a getter of a key that was loaded',
    (session) => void Object.defineProperty(session, 'start', { get: fail, enumerable: true, configurable: true }),
  ],
  ['a nested getter', (session) => void (session.odd = deepGetter())],
  ['a getter in a value that was loaded', (session) => void Object.defineProperty(session.loaded, 'a', { get: fail, enumerable: true })],
  ['a proxy', (session) => void (session.odd = new Proxy({}, { ownKeys: fail }))],
  [
    'a proxy in place of a value that was loaded',
    (session) => void (session.loaded = new Proxy(session.loaded, { ownKeys: fail, get: fail, getPrototypeOf: fail })),
  ],
  ['the serializer', (session) => void (session.odd = { fails: true })],
  [
    'a user id',
    (session) => {
      isUserIdBroken = true;
      session.odd = 1;
    },
  ],
];

const options: SmartSessionModuleOptions = {
  userId: () => (isUserIdBroken ? fail() : undefined),
  merge: { rule: fail } as never,
  serializer: { encode: (value: any, key) => (key === 'odd' && value?.fails ? fail() : value), decode: (stored) => stored },
  events: { emit: () => fail() } satisfies SessionEventEmitter,
};

describe('whatever is thrown', () => {
  let started: Awaited<ReturnType<typeof startHandlerApp>>;
  let cookie: string;
  let uncaught: unknown[];
  const collect = (error: unknown) => uncaught.push(error ?? 'nothing');
  beforeAll(async () => {
    started = await startHandlerApp(options);
    process.on('unhandledRejection', collect);
    process.on('uncaughtException', collect);
  });
  beforeEach(async () => {
    uncaught = [];
    isUserIdBroken = false;
    ({ cookie } = await started.ask('', (session) => void Object.assign(session, { start: 1, loaded: { a: 1 }, rule: 1 })));
  });
  afterEach(() => expect(uncaught).toEqual([]));
  afterAll(async () => {
    process.off('unhandledRejection', collect);
    process.off('uncaughtException', collect);
    await started.app.close();
  });

  const stored = async () => {
    isUserIdBroken = false;
    const { cookie: _, ...values } = (await started.ask(cookie, (session) => session)).body;
    return values;
  };
  const untouched = { start: 1, loaded: { a: 1 }, rule: 1 };

  describe.each(THROWN.map(([what, make], index) => ({ what, make, index })))('$what', ({ make, index }) => {
    beforeEach(() => {
      thrown = make;
    });

    it('where a session is read or stored: the answer is an error, and nothing is stored', async () => {
      for (const [n, [place, by]] of PLACES.entries()) {
        const { status, set } = await started.ask(cookie, by, (n + index) % 2 === 0 ? 'handler' : 'nest');
        expect([place, status, set]).toEqual([place, 500, undefined]);
      }
      expect(await stored()).toEqual(untouched);
    });

    it('by a merge rule: the answer is an error, and nothing is stored', async () => {
      const { status } = await started.ask(cookie, async (session) => {
        await started.app.get(SessionService).update(session.id, (draft: any) => void (draft.rule = 2));
        session.rule = 3;
        session.odd = 1;
      });
      expect(status).toBe(500);
      expect(await stored()).toEqual({ ...untouched, rule: 2 });
    });

    it('by the function of an update: the handler gets it, and nothing is stored', async () => {
      const { body } = await started.ask(cookie, async (session) => {
        session.odd = 1;
        const caught = await started.app
          .get(SessionService)
          .update(session, fail)
          .then(
            () => 'nothing',
            () => 'something',
          );
        delete session.odd;
        return caught;
      });
      expect([body, await stored()]).toEqual(['something', untouched]);
    });

    it('by an emitter of events: the session is stored, and destroyed', async () => {
      expect((await started.ask(cookie, (session) => void (session.more = 1))).status).toBe(200);
      expect(await stored()).toEqual({ ...untouched, more: 1 });
      expect((await started.ask(cookie, (session) => started.app.get(SessionService).destroy(session.id))).status).toBe(200);
    });
  });
});
