import { SessionRepository, SessionService, type SmartSessionModuleOptions, type ValueCodec } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { startHandlerApp, type Handler, type Session } from '../support/handler-app.js';
import { SessionProtocol } from '../../src/protocol/session-protocol.js';

/** What JSON.stringify refuses. */
const ODD: [string, () => unknown][] = [
  ['a bigint', () => 5n],
  ['a list of bigints', () => new BigInt64Array([1n, 2n])],
  [
    'a cycle',
    () => {
      const cycle: { self?: unknown } = {};
      return (cycle.self = cycle);
    },
  ],
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

  it.each(values)('stores %s in a new session, loads it, changes it, saves it and reloads it', async (_what, make) => {
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

const save = (session: Session) => new Promise<void>((resolve, reject) => session.save((error) => (error ? reject(error) : resolve())));
const reload = (session: Session) => new Promise<void>((resolve, reject) => session.reload((error) => (error ? reject(error) : resolve())));

describe('the cookie of a session that is stored for a day', () => {
  let started: Awaited<ReturnType<typeof startHandlerApp>>;
  beforeAll(async () => {
    started = await startHandlerApp({ cookie: { maxAge: 86_400_000 } });
  });
  afterAll(() => started.app.close());

  async function refresh(session: { readonly id: string }): Promise<void> {
    const stored = await started.app.get(SessionRepository).load(storageKeyOf(session.id));
    await started.app.get(SessionProtocol).committer.refresh(session, stored!);
  }

  it.each<[string, boolean, Handler]>([
    ['was read', false, (session) => session.a],
    ['was changed', true, (session) => void (session.a = 2)],
    [
      'was changed and changed back',
      false,
      (session) => {
        session.a = 2;
        session.a = 1;
      },
    ],
    ['was saved without a change', false, save],
    [
      'was changed and saved',
      true,
      async (session) => {
        session.a = 2;
        await save(session);
      },
    ],
    ['was reloaded', false, reload],
    [
      'was changed, saved and reloaded',
      true,
      async (session, request) => {
        session.a = 2;
        await save(session);
        await reload(session);
        return request.session;
      },
    ],
    [
      'was changed and reloaded without being saved',
      false,
      async (session) => {
        session.a = 2;
        await reload(session);
      },
    ],
    [
      'shows what another request has changed',
      true,
      async (session) => {
        await started.app.get(SessionService).update(session.id, (draft: any) => (draft.b = 2));
        await reload(session);
      },
    ],
    [
      'was shown what another request has changed',
      true,
      async (session) => {
        await started.app.get(SessionService).update(session.id, (draft: any) => (draft.b = 2));
        await refresh(session);
      },
    ],
    ['was shown what is stored, which nobody has changed', false, async (session) => void (await refresh(session))],
    ['was updated by a function', true, (session) => started.app.get(SessionService).update(session, (draft: any) => void (draft.a = 2))],
    [
      'was updated by a function that changes nothing',
      false,
      (session) => started.app.get(SessionService).update(session, () => undefined),
    ],
    ['was written to the response by the handler', false, (session) => session],
    ['was destroyed', false, (session) => new Promise((resolve) => session.destroy(resolve))],
    ['was regenerated', true, (_session, request) => started.app.get(SessionService).regenerate(request)],
  ])('is sent again where the session %s: %s', async (_what, isSent, by) => {
    const { cookie } = await started.ask('', (session) => void (session.a = 1));
    const { status, set } = await started.ask(cookie, by);
    expect([status, String(set).startsWith('sid=s')]).toEqual([200, isSent]);
  });

  it.each<[string, boolean, Handler]>([
    ['nobody has touched', false, () => undefined],
    ['holds a value', true, (session) => void (session.a = 1)],
    ['holds nothing that is stored', false, (session) => void (session.a = undefined)],
    [
      'held a value for a moment',
      false,
      (session) => {
        session.a = 1;
        delete session.a;
      },
    ],
    [
      'was saved',
      true,
      async (session) => {
        session.a = 1;
        await save(session);
      },
    ],
    [
      'was saved and reloaded',
      true,
      async (session) => {
        session.a = 1;
        await save(session);
        await reload(session);
      },
    ],
    ['was regenerated, and holds nothing', true, (_session, request) => started.app.get(SessionService).regenerate(request)],
  ])('is sent where a new session %s: %s', async (_what, isSent, by) => {
    const { status, set } = await started.ask('', by);
    expect([status, set !== undefined]).toEqual([200, isSent]);
  });
});
