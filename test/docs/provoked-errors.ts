import { setTimeout as sleep } from 'node:timers/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  LockSession,
  SmartSessionOptions,
  SmartSessionTestingModule,
  SqlSessionRepository,
  ageSession,
  append,
  counter,
  readSession,
  sessionCookie,
  union,
  unionBy,
  type MergeRule,
  type SmartSessionModuleOptions,
  type StatementResult,
  type TransportOption,
  type ValueCodec,
} from '../../src/index.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { SessionTransport } from '../../src/http/session-transport.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { PreviousTable } from '../../src/migration/previous-table.js';
import { connectPgSimple } from '../../src/migration/stores/connect-pg-simple.store.js';
import { requireAll } from '../../src/persistence/database-requirements.js';
import { LOST_BEFORE, ROLLED_BACK, type Fault } from '../support/faulty-repository.js';
import { protocolOf } from '../support/protocol-of.js';
import { refusedInTransactions, waitForTransaction } from './provoked-in-transactions.js';
import { Provoker } from '../support/provoker.js';
import { serviceOver } from '../support/service-over.js';
import type { SessionsDatabase } from '../support/sessions-database.js';
import { startOnKoa } from './provoked-config-errors.js';
import { Money } from './money-codec.js';

type Ways = readonly (() => unknown)[];

const KEY = Buffer.from(Array.from({ length: 32 }, (_, n) => n));

/** For each class the ways to its messages. */
export function provocations(database: SessionsDatabase): Record<string, Ways> {
  const on = (options?: SmartSessionModuleOptions) => new Provoker(database, options);
  return {
    SessionConflictError: [() => commitInVain(on())],
    SessionUnavailableError: [...unavailable(on, database), () => waitForTransaction(database), ...earlierUnavailable(on)],
    SessionTransportError: [sendTwice],
    SessionTooLargeError: [() => on({ maxBytes: 100 }).commit({ text: 'x'.repeat(200) })],
    SessionNotSerializableError: notSerializable(on),
    SessionUnreadableError: [() => readWhatIsNoJson(on())],
    SessionDeviceLabelError: notLabels(on({ userId: 'user', devices: true })),
    SessionUserIdError: notUsers(on({ userId: 'user' })),
    SessionWatchLimitError: [() => watchTooMuch(on({ feed: { maxWatches: 1 } }))],
    SessionMergeError: unmergeable(on),
    SessionGoneError: gone(on),
    SessionLimitError: [() => loginTooMuch(on({ userId: 'user', maxSessionsPerUser: { max: 1, whenFull: 'deny' } }))],
    SessionLockedError: locked(on),
    SessionLockLostError: [() => commitUnderLostLock(on()), () => workUnderLostLease(on())],
    SessionReadOnlyError: [() => commitReadOnly(on())],
    SessionContextError: [lockInMessage],
    SessionInTransactionError: [
      () => serviceOver(new SqlSessionRepository(database.context), {}, undefined, undefined, () => true).sessions.count(),
      ...refusedInTransactions(database),
    ],
    SessionDecryptionError: undecryptable(),
    SessionDatabaseError: unfit(),
    UnsupportedAdapterError: [startOnKoa],
    PreviousTableError: foreign(),
    SessionTestingError: testingMistakes(),
  };
}

/** Calls the functions for tests with what they cannot use. */
function testingMistakes(): Ways {
  const on =
    (work: (app: TestingModule) => Promise<unknown>, transport: TransportOption = 'cookie') =>
    async () => {
      const testing = await Test.createTestingModule({ imports: [SmartSessionTestingModule.forRoot({ transport })] }).compile();
      await work(testing).finally(() => testing.close());
    };
  return [
    () => sessionCookie(undefined as never),
    async () => sessionCookie(await Test.createTestingModule({}).compile()),
    on((app) => sessionCookie(app, 'anna' as never)),
    on((app) => sessionCookie(app), { header: 'x-session' }),
    on((app) => sessionCookie(app, Promise.resolve({}) as never)),
    on((app) => readSession(app, sessionCookie(app) as never)),
    on((app) => readSession(app, 7 as never)),
    on((app) => readSession(app, 'session=1')),
    on((app) => readSession(app, 'sid=1')),
    on((app) => ageSession(app, 'sid=', 1.5)),
    on((app) => ageSession(app, 'sid=', 1)),
  ];
}

/** Reads a value of a large session that another program has written. */
async function readWhatIsNoJson(provoker: Provoker): Promise<unknown> {
  await provoker.stored();
  await provoker.overwrite(`{"cart":[NaN,"${'x'.repeat(16 * 1024)}"]}`);
  return (await provoker.load()).cart;
}

/** Finds the session of a request that has one in each place. */
function sendTwice(): void {
  const options = new SmartSessionOptions({ secret: 'x', transport: ['cookie', { header: 'authorization', scheme: 'Session' }] });
  new SessionTransport(options).usesHeader({ headers: { cookie: 'sid=1', authorization: 'Session 2' } });
}

/** Each of the requirements with a value that does not meet it. */
function unfit(): Ways {
  const values: Record<string, string> = {
    sql_mode: 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES',
    autocommit: '0',
    completion_type: 'CHAIN',
    sql_select_limit: '1000',
    innodb_page_size: '4096',
    engine: 'MyISAM',
    version: '9.7.0',
    pg_is_in_recovery: 'true',
    server_encoding: 'SQL_ASCII',
  };
  const { mysql, mariadb, postgresql } = DIALECTS;
  return [
    mysql.connectionRequirements,
    mysql.creationRequirements,
    mysql.tableRequirements!('`sessions`'),
    mariadb.serverRequirements,
    postgresql.connectionRequirements,
  ].flatMap((requirements) =>
    requirements!.each.map(
      ({ name }) =>
        () =>
          requireAll(async () => ({ rows: [{ [name]: values[name] ?? 'latin1' }], affected: 0 }), requirements!),
    ),
  );
}

const notLabels = ({ sessions }: Provoker): Ways =>
  ['x'.repeat(101), '', 7, 'a\n', 'sealed.1.x'].map(
    (label) => () => sessions.labelDevice({ userId: 'anna', handle: 'a handle', label: label as string }),
  );

const notUsers = ({ sessions }: Provoker): Ways =>
  [undefined, '', { id: 7 }, NaN].map((userId) => () => sessions.list({ userId: userId as never }));

const times = (count: number, fault: Fault) => Array.from({ length: count }, () => fault);

type On = (options?: SmartSessionModuleOptions) => Provoker;

async function commitInVain(provoker: Provoker): Promise<void> {
  provoker.repository.faults = { update: times(3, ROLLED_BACK), updateLocked: times(7, ROLLED_BACK) };
  await provoker.commit({ b: 1 });
}

function unavailable(on: On, database: SessionsDatabase): Ways {
  return [
    async () => {
      const provoker = on({ timeout: 100 });
      provoker.repository.faults.update = [{ effect: 'none', meanwhile: () => new Promise(() => undefined) }];
      await provoker.commit({ b: 1 });
    },
    () => serviceOver(new SqlSessionRepository({ ...database.context, tableName: 'nowhere' })).sessions.load('an id'),
    () => waitInVain(on({ maxWaiting: 2 }), 'load', ({ sessions }, n) => sessions.load(`another id ${n}`)),
    () => waitInVain(on({ maxWaiting: 2 }), 'load', ({ sessions }) => sessions.load('one id')),
    async () => {
      const provoker = on({ maxWaiting: 2 });
      await provoker.stored();
      await waitInVain(provoker, 'update', ({ sessions, id }, n) => sessions.update(id, (draft) => Object.assign(draft, { n })));
    },
    async () => {
      const provoker = on({ locking: 'pessimistic' });
      provoker.repository.locksFirst = true;
      provoker.repository.faults.updateLocked = times(10, LOST_BEFORE);
      await provoker.commit({ b: 1 });
    },
    async () => {
      const provoker = on();
      provoker.repository.faults.update = [{ ...LOST_BEFORE, meanwhile: () => provoker.theirs({ c: 1 }) }];
      await provoker.commit({ b: 1 });
    },
    async () => {
      const provoker = on();
      provoker.repository.faults = { update: [LOST_BEFORE], load: [undefined, { kind: 'failed', effect: 'none' }] };
      await provoker.commit({ b: 1 });
    },
    async () => {
      const provoker = on();
      provoker.repository.faults.end = [{ ...LOST_BEFORE, meanwhile: () => provoker.repository.destroy(storageKeyOf(provoker.id)) }];
      await provoker.sessions.regenerate({ session: await provoker.stored() } as never, { keep: 'all' });
    },
  ];
}

type MemoryPreviousStore = NonNullable<SmartSessionModuleOptions['migrateFrom']>;

const SILENT: MemoryPreviousStore = { get: () => undefined, destroy: () => undefined };
const EARLIER_SESSION = { cookie: { originalMaxAge: null } } as never;

function earlierUnavailable(on: On): Ways {
  return [
    () => on({ timeout: 100, migrateFrom: SILENT }).sessions.destroy('an id'),
    () =>
      on({
        migrateFrom: { ...SILENT, get: (_, callback) => callback(Object.assign(new Error('select an id'), { code: 'ECONNREFUSED' })) },
      }).sessions.load('an id'),
    () => crowd(on),
    () => {
      const provoker: Provoker = on({
        migrateFrom: {
          ...SILENT,
          get: (id, callback) =>
            void provoker.repository.destroy(storageKeyOf(id)).finally(() => process.nextTick(callback, null, EARLIER_SESSION)),
        },
      });
      return provoker.sessions.load('an id');
    },
  ];
}

/** Loads more sessions that are not here than may wait for the previous store, which answers only afterwards. */
async function crowd(on: On): Promise<void> {
  const asked = new Map<string, (error: unknown) => void>();
  const { sessions } = on({ maxWaiting: 2, migrateFrom: { ...SILENT, get: (id, callback) => void asked.set(id, callback) } });
  const waiting: Promise<unknown>[] = [];
  for (const id of ['one', 'two']) {
    waiting.push(sessions.load(id).catch(() => undefined));
    while (!asked.has(id)) await nextTurn();
  }
  const failure = await sessions.load('three').catch((error: unknown) => error);
  for (const answer of asked.values()) answer(null);
  await Promise.all(waiting);
  throw failure;
}

/** Asks for the same at once, until one is too many. The first statement does not come back before. */
async function waitInVain(
  provoker: Provoker,
  held: 'load' | 'update',
  ask: (provoker: Provoker, n: number) => Promise<unknown>,
): Promise<void> {
  let letGo!: () => void;
  const isLetGo = new Promise<void>((resolve) => (letGo = resolve));
  provoker.repository.faults[held] = [{ effect: 'none', meanwhile: () => isLetGo }];
  const failures: Promise<unknown>[] = [];
  // No other statement is sent meanwhile, however slow the machine is.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  for (let n = 0; n < 6; n++) {
    failures.push(
      ask(provoker, n).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    await nextTurn();
  }
  vi.useRealTimers();
  letGo();
  throw (await Promise.all(failures)).find(Boolean);
}

function notSerializable(on: On): Ways {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  let deep: unknown = 1;
  for (let n = 0; n < 100_000; n++) deep = [deep];
  const refusing: ValueCodec = {
    encode: (value, key) => {
      if (key === 'price') throw new RangeError('no such currency');
      return value;
    },
    decode: (stored) => stored,
  };
  const throwing = {
    toJSON() {
      throw new RangeError('no such currency');
    },
  };
  const broken = async (members: object) => {
    const provoker = on();
    const live = await provoker.stored();
    await provoker.sessions.commit(Object.assign(Object.defineProperty(live, 'req', { value: { session: live } }), members));
  };
  return [
    () => on().commit({ cart: { items: [{ price: 1n }] } }),
    () => on().commit({ list: [cycle] }),
    () => on().commit({ cart: new Map([[1, 2]]) }),
    () => on().commit({ user: Promise.resolve({ id: 1 }) }),
    () => on().commit({ save: 1 }),
    () => broken({ cookie: { maxAge: 1000 } }),
    () => broken({ cookie: { serialize: () => '' } }),
    () => on().commit({ deep }),
    () => on().commit({ price: throwing }),
    () => on({ serializer: refusing }).commit({ price: 5 }),
    () => on({ serializer: 'rich' }).commit({ price: { net: new Money(250) } }),
    () => on({ userId: 'user' }).commit({ user: 'x'.repeat(256) }),
    () => on({ userId: 'user' }).commit({ user: 'a\0b' }),
    () => on({ userId: 'user' }).commit({ user: '\ud800' }),
    () => on({ userId: 'user' }).commit({ user: { id: 7 } }),
    () => on({ userId: 'user' }).commit({ user: 0.5 }),
    () =>
      on({
        userId: () => {
          throw new TypeError('no such member');
        },
      }).commit({ user: 'anna' }),
    () => on({ userId: (() => Promise.resolve('anna')) as never }).commit({ user: 'anna' }),
    async () => {
      const provoker = on();
      await provoker.sessions.update(await provoker.stored(), (draft) => Object.assign(draft, { cookie: {} }));
    },
    () => on().commit({ cookie: { originalMaxAge: Number.NaN } }),
    () => on().commit({ cookie: { originalMaxAge: '2030-01-01' } }),
  ];
}

function unmergeable(on: On): Ways {
  const by = (rule: MergeRule, base: unknown, theirs: unknown, mine: unknown) => async () => {
    const provoker = on({ merge: { cart: rule } as object });
    const live = await provoker.stored({ cart: base });
    await provoker.theirs({ cart: theirs });
    await provoker.sessions.commit(Object.assign(live, { cart: mine }));
  };
  return [
    by(counter(), 1, 'two', 3),
    by(counter(), 1, null, 3),
    by(union(), ['a'], 'b', ['a', 'c']),
    by(append(), ['a'], ['a', 'b'], ['c']),
    by(unionBy('sku'), [], [{ sku: 1 }], [{ id: 1 }]),
    by(unionBy('sku'), [], [{ sku: 1 }], [{ sku: 2 }, { sku: 2 }]),
    by(unionBy('sku'), [], [{ sku: 1 }], [{ sku: {} }]),
    by((() => undefined) as never, 1, 2, 3),
    by((async () => 1) as never, 1, 2, 3),
    by(
      () => {
        throw new Error('no such item');
      },
      1,
      2,
      3,
    ),
    by(() => () => 1, 1, 2, 3),
  ];
}

function gone(on: On): Ways {
  return [
    async () => {
      const provoker = on();
      await provoker.sessions.update(await provoker.destroyed(), () => undefined);
    },
    async () => {
      const provoker = on();
      await provoker.locker.lock(await provoker.destroyed(), { timeout: 100, lease: 1000, maxWaiting: 1 });
    },
    async () => {
      const provoker = on();
      const session = await provoker.destroyed();
      await provoker.sessions.regenerate({ session } as never, { keep: 'all' });
    },
  ];
}

async function loginTooMuch(provoker: Provoker): Promise<void> {
  await provoker.sessions.commit(provoker.fresh({ user: provoker.id }, 'the first'));
  await provoker.sessions.commit(provoker.fresh({ user: provoker.id }, 'one too many'));
}

async function watchTooMuch({ sessions, id }: Provoker): Promise<void> {
  const options = { onEnd: () => undefined };
  using _ = sessions.watch(id, options);
  sessions.watch(id, options);
}

function locked(on: On): Ways {
  return [
    async () => {
      const provoker = on();
      const terms = { timeout: 1000, lease: 1000, maxWaiting: 0 };
      const unlock = await provoker.locker.lock(await provoker.stored(), terms);
      await provoker.locker.lock(await provoker.load(), terms).finally(() => unlock?.());
    },
    async () => {
      const provoker = on();
      const terms = { timeout: 20, lease: 1000, maxWaiting: 1 };
      const unlock = await provoker.locker.lock(await provoker.stored(), terms);
      await provoker.locker.lock(await provoker.load(), terms).finally(() => unlock?.());
    },
    async () => {
      const provoker = on();
      const live = await provoker.stored();
      await provoker.takeLock('of another process');
      await provoker.locker.lock(live, { timeout: 20, lease: 1000, maxWaiting: 1 });
    },
    () => workInVain(on(), { maxWaiting: 0 }),
    () => workInVain(on(), { timeout: 20 }),
    async () => {
      const provoker = on();
      await provoker.stored();
      await provoker.takeLease('tokens');
      await provoker.sessions.once(provoker.id, 'tokens', { timeout: 20, work: () => undefined });
    },
    async () => {
      const provoker = on();
      await provoker.stored();
      await provoker.takeLease('lock:checkout');
      await provoker.sessions.lock(provoker.id, 'checkout', () => undefined, { timeout: 20 });
    },
    async () => {
      const provoker = on();
      await provoker.stored();
      provoker.repository.leases!.take = async () => (await sleep(110), true);
      await provoker.sessions.lock(provoker.id, 'checkout', () => undefined, { timeout: 100, lease: 100 });
    },
  ];
}

/** Asks for work that another caller of the process does. */
async function workInVain(provoker: Provoker, limits: { readonly maxWaiting?: number; readonly timeout?: number }): Promise<void> {
  await provoker.stored();
  const [hasBegun, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const work = () => (hasBegun.resolve(), mayEnd.promise);
  const first = provoker.sessions.once(provoker.id, 'tokens', { work });
  await hasBegun.promise;
  const second = provoker.sessions.once(provoker.id, 'tokens', { work, ...limits });
  await second.finally(() => (mayEnd.resolve(), first));
}

async function workUnderLostLease(provoker: Provoker): Promise<void> {
  await provoker.stored();
  await provoker.sessions.once(provoker.id, 'tokens', {
    work: async (draft) => {
      Object.assign(draft, { b: 1 });
      await provoker.loseLeases();
    },
  });
}

async function commitUnderLostLock(provoker: Provoker): Promise<void> {
  const live = await provoker.stored();
  const unlock = await provoker.locker.lock(live, { timeout: 100, lease: 1000, maxWaiting: 1 });
  await provoker.takeLock('of another process');
  await provoker.sessions.commit(Object.assign(live, { b: 1 })).finally(() => unlock?.(false));
}

/** Calls a handler as a microservice does. */
async function lockInMessage(): Promise<void> {
  @Injectable()
  class CartController {
    @LockSession() checkout(): void {}
  }
  const testing = await Test.createTestingModule({ imports: [SmartSessionTestingModule.forRoot()], providers: [CartController] }).compile();
  const cart = testing.get(CartController);
  const rest = [undefined, undefined, undefined, undefined, undefined, 'rpc'] as const;
  const handler = testing.get(ExternalContextCreator).create(cart as never, cart.checkout, 'checkout', ...(rest as never as []));
  await (handler() as Promise<void>).finally(() => testing.close());
}

async function commitReadOnly(provoker: Provoker): Promise<void> {
  const live = await provoker.stored();
  protocolOf(provoker.sessions).states.setPolicy(live, { isReadOnly: true, keepsExpiry: false });
  await provoker.sessions.commit(Object.assign(live, { cart: [], visits: 2 }));
}

function undecryptable(): Ways {
  const codecWith = (given: SmartSessionModuleOptions) => new SessionCodec(new SmartSessionOptions({ secret: 'x', ...given }));
  const key = storageKeyOf('an id');
  const sealing = codecWith({ encryption: { keys: [KEY] } });
  const sealed = sealing.seal(key, '{}');
  return [
    () => codecWith({}).open(key, sealed),
    () => codecWith({ encryption: { keys: [KEY.toReversed()] } }).open(key, sealed),
    () => sealing.open(storageKeyOf('another id'), sealed),
    () => sealing.open(key, sealed.slice(0, 12)),
    () => sealing.open(key, '{}'),
  ];
}

function foreign(): Ways {
  const open = (columns: readonly string[], dialect: keyof typeof DIALECTS = 'postgresql') => {
    const run = async (): Promise<StatementResult> => ({ rows: columns.map((name) => ({ name })), affected: 0 });
    return PreviousTable.open(run, DIALECTS[dialect], connectPgSimple);
  };
  return [() => open([], 'sqlite'), () => open([]), () => open(['sid', 'sess'])];
}
