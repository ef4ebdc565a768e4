import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import {
  SessionGoneError,
  SessionMergeError,
  SessionTooLargeError,
  SessionUnavailableError,
  SqlSessionRepository,
  counter,
  type SessionService,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { DATABASES } from '../support/databases.js';
import { FAILED, FaultyRepository, type Fault } from '../support/faulty-repository.js';
import { Deadline } from '../../src/batching/deadline.js';
import type { TimedUpdate, UpdateBatcher } from '../../src/batching/update-batcher.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { protocolOf } from '../support/protocol-of.js';

type Live = Record<string, any>;

const RULES: Record<string, any> = {
  visits: counter(),
  broken: () => {
    throw new Error('no way.');
  },
};

const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

const submit = (updates: UpdateBatcher, update: TimedUpdate) => updates.submit(update.storageKey, update);

describe.each(DATABASES)('loads that join, on %s', (databaseName) => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let sessions: SessionService;
  let ids: string[];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `joining_${databaseName}`);
  });
  beforeEach(async () => {
    setUp({});
    ids = Array.from({ length: 5 }, () => randomUUID());
    for (const [n, id] of ids.entries()) await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n }));
    repository.calls.length = 0;
  });
  afterAll(() => database.close());

  function setUp(options: SmartSessionModuleOptions): void {
    repository = new FaultyRepository(database.context);
    sessions = serviceOver(repository, options).sessions;
  }
  const load = async (id: string | undefined) => (await sessions.load(id ?? '')) as Live | undefined;
  /** Holds the next query up after it has read; what it returns lets its rows arrive. */
  function holdNext(method: 'load' | 'loadMany' = 'load', fault: Fault = { effect: 'done' }): () => void {
    let release = () => {};
    const arrival = new Promise<void>((resolve) => (release = resolve));
    repository.faults[method] = [...(repository.faults[method] ?? []), { ...fault, meanwhile: () => arrival }];
    return release;
  }

  it('are sent at once if no query is in flight', async () => {
    const loaded = load(ids[0]);
    expect(repository.calls).toEqual(['load']);
    expect(await loaded).toMatchObject({ n: 0 });
    await new Promise(setImmediate);
    const again = load(ids[1]);
    expect(repository.calls).toEqual(['load', 'load']);
    await again;
  });

  it('are batched while a query is in flight, each key once', async () => {
    const arrive = holdNext();
    const first = load(ids[0]);
    const loads = [first, ...[1, 2, 3, 1, 2].map((n) => load(ids[n])), load(randomUUID())];
    expect(repository.calls).toEqual(['load']);
    arrive();
    const loaded = await Promise.all(loads);
    expect(loaded.map((session) => session?.n)).toEqual([0, 1, 2, 3, 1, 2, undefined]);
    expect(repository.calls).toEqual(['load', 'loadMany']);
    expect(repository.batches).toEqual([4]);
    loaded[1]!.n = 'changed';
    expect(loaded[4]).toMatchObject({ n: 1 });
  });

  it('CommitBeforeAnswer: never join a query that was sent before', async () => {
    let arrive = () => {};
    const hasRead = new Promise<void>((read) => {
      repository.faults.load = [{ effect: 'done', meanwhile: () => (read(), new Promise<void>((resolve) => (arrive = resolve))) }];
    });
    const early = load(ids[0]);
    await hasRead;
    const { sessions: others } = serviceOver(new SqlSessionRepository(database.context));
    await others.update(ids[0]!, (draft: Live) => {
      draft.n = 'new';
    });
    const late = load(ids[0]);
    arrive();
    expect(await early).toMatchObject({ n: 0 });
    expect(await late).toMatchObject({ n: 'new' });
    expect(repository.calls).toEqual(['load', 'load']);
  });

  it('fail together when their query fails, and no others fail', async () => {
    const arrive = holdNext();
    repository.faults.loadMany = [FAILED];
    const first = load(ids[0]);
    const joined = [load(ids[1]), load(ids[2])];
    arrive();
    expect(await first).toMatchObject({ n: 0 });
    const outcomes = await Promise.allSettled(joined);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(SessionUnavailableError) });
    expect(await load(ids[3])).toMatchObject({ n: 3 });
  });

  it('find no session in a row that cannot be read, and the others', async () => {
    await database.run(`update {table} set data = 'nonsense' where session_id = '${storageKeyOf(ids[1]!)}'`);
    const arrive = holdNext();
    const loads = [load(ids[0])];
    loads.push(load(ids[1]), load(ids[2]));
    arrive();
    expect((await Promise.all(loads)).map((session) => session?.n)).toEqual([0, undefined, 2]);
  });

  it('are not held up by a query that does not come back', async () => {
    setUp({ timeout: 1000 });
    const arrive = holdNext();
    const lost = load(ids[0]);
    expect(await load(ids[1])).toMatchObject({ n: 1 });
    const outcome = expect(lost).rejects.toThrow(/did not answer within (9\d\d|1000) ms/);
    await outcome;
    arrive();
    expect(await load(ids[0])).toMatchObject({ n: 0 });
  });

  it('BoundedOutcome: are so many in a query, and wait so many', async () => {
    setUp({ maxWaiting: 150 });
    const arrive = holdNext();
    const first = load(ids[0]);
    const waiting = Array.from({ length: 150 }, () => load(randomUUID()));
    await expect(load(randomUUID())).rejects.toThrow('150 others are waiting, which is the limit `maxWaiting`');
    arrive();
    await Promise.all([first, ...waiting]);
    expect(repository.batches).toEqual([100, 50]);
  });

  it('BoundedOutcome: wait so many for one session', async () => {
    setUp({ maxWaiting: 2 });
    const arrive = holdNext();
    const first = load(ids[0]);
    const waiting = [load(ids[1]), load(ids[1])];
    await expect(load(ids[1])).rejects.toThrow('2 other calls for this session are waiting, which is the limit `maxWaiting`');
    const other = load(ids[2]);
    arrive();
    expect((await Promise.all([first, ...waiting, other])).map((session) => session?.n)).toEqual([0, 1, 1, 2]);
  });
});

describe.each(DATABASES)('touches that join, on %s', (databaseName) => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let services: ReturnType<typeof serviceOver>;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `joining_touches_${databaseName}`);
  });
  beforeEach(() => {
    repository = new FaultyRepository(database.context);
    services = serviceOver(repository);
  });
  afterAll(() => database.close());

  /** Sessions whose touch is due, loaded. */
  async function due(count: number): Promise<[string, Live][]> {
    const ids = Array.from({ length: count }, () => randomUUID());
    for (const id of ids) await services.sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { start: 1 }));
    await database.run(`update {table} set expires_at = ${database.context.dialect.fromNow('3600000')}`);
    const loaded = await Promise.all(ids.map(async (id) => [id, (await services.sessions.load(id)) as Live] as [string, Live]));
    forget();
    return loaded;
  }
  function forget(): void {
    repository.calls.length = 0;
    repository.batches.length = 0;
  }
  const touch = ([id, live]: [string, Live]) => protocolOf(services.sessions).toucher.touch(id, live);
  const hours = async ([id]: [string, Live]) => Math.round(((await repository.load(storageKeyOf(id)))?.remaining ?? 0) / 3_600_000);

  it('are batched while one is in flight, each session once', async () => {
    const sessions = await due(4);
    const again = (await services.sessions.load(sessions[1]![0])) as Live;
    forget();
    const first = touch(sessions[0]!);
    await Promise.all([first, ...sessions.slice(1).map(touch), touch([sessions[1]![0], again])]);
    expect([repository.calls, repository.batches]).toEqual([['touch', 'touchMany'], [3]]);
    for (const session of sessions) expect(await hours(session)).toBe(24);
  });

  it('keep lifetimes apart', async () => {
    const sessions = await due(5);
    for (const [, live] of sessions.slice(3)) {
      live.cookie.originalMaxAge = 2 * 3_600_000;
      await services.sessions.commit(live);
    }
    await database.run(`update {table} set expires_at = ${database.context.dialect.fromNow('3600000')}`);
    const anew = await Promise.all(sessions.map(async ([id]) => [id, (await services.sessions.load(id)) as Live] as [string, Live]));
    forget();
    const first = touch(anew[0]!);
    await Promise.all([first, ...anew.slice(1).map(touch)]);
    expect(repository.batches).toEqual([2, 2]);
    expect(await Promise.all(anew.map(hours))).toEqual([24, 24, 24, 2, 2]);
  });

  it('fail together with a line in the log, and no others fail', async () => {
    const sessions = await due(4);
    const first = touch(sessions[0]!);
    repository.faults.touchMany = [FAILED];
    await Promise.all([first, ...sessions.slice(1).map(touch)]);
    expect(await Promise.all(sessions.map(hours))).toEqual([24, 1, 1, 1]);
  });

  it('have the default policy in a session that is not known yet', () => {
    expect(protocolOf(services.sessions).states.policyOf({})).toEqual({ keepsExpiry: false, isReadOnly: false });
  });

  it('are not asked for by a request that has just committed', async () => {
    const [session] = await due(1);
    await services.sessions.commit(Object.assign(session![1], { a: 1 }));
    expect([touch(session!), repository.calls, await hours(session!)]).toEqual([undefined, ['update', 'load'], 24]);
  });
});

describe.each(DATABASES)('updates of different sessions that join, on %s', (databaseName) => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let sessions: SessionService;
  let ids: string[];
  let lives: Live[];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `joining_updates_${databaseName}`);
  });
  beforeEach(async () => {
    ids = Array.from({ length: 6 }, () => randomUUID());
    setUp({});
    for (const id of ids) await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { start: 1 }));
    lives = await Promise.all(ids.map(async (id) => (await sessions.load(id)) as Live));
    repository.calls.length = 0;
    repository.batches.length = 0;
  });
  afterAll(() => database.close());

  function setUp(options: SmartSessionModuleOptions): void {
    repository = new FaultyRepository(database.context);
    sessions = serviceOver(repository, { merge: RULES, ...options }).sessions;
  }
  async function reload(options: SmartSessionModuleOptions): Promise<void> {
    setUp(options);
    lives = await Promise.all(ids.map(async (id) => (await sessions.load(id)) as Live));
    repository.calls.length = 0;
    repository.batches.length = 0;
  }
  const stored = async (id: string) => {
    const record = await new SqlSessionRepository(database.context).load(storageKeyOf(id));
    return record && { ...JSON.parse(record.data), version: record.version };
  };
  const allStored = () => Promise.all(ids.map(stored));
  const writes = () => repository.calls.filter((call) => call.startsWith('update'));
  const write = (n: number, values: object = { n }) => sessions.commit(Object.assign(lives[n]!, values));
  const sent = async () => {
    while (writes().length === 0) await new Promise(setImmediate);
  };
  /** Commits the first, and the others while it is under way. */
  async function writeAll(first: Fault | undefined, values: (n: number) => object = (n) => ({ n })): Promise<PromiseSettledResult<void>[]> {
    repository.faults.update = [first];
    const early = write(0, values(0));
    await sent();
    return Promise.allSettled([early, ...[1, 2, 3, 4, 5].map((n) => write(n, values(n)))]);
  }
  const statuses = (outcomes: readonly PromiseSettledResult<void>[]) => outcomes.map(({ status }) => status);
  const ALL_DONE = times(6, 'fulfilled');

  it('are sent at once if no update is in flight, otherwise batched; each is answered after its update', async () => {
    let release = () => {};
    const wait = new Promise<void>((resolve) => (release = resolve));
    repository.faults.updateMany = [{ effect: 'none', meanwhile: () => wait }];
    let answered = 0;
    const early = write(0);
    await sent();
    const late = [1, 2, 3, 4, 5].map((n) => write(n).then(() => answered++));
    await early;
    while (writes().length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    expect([answered, ...(await allStored())]).toEqual([0, { start: 1, n: 0, version: 1 }, ...times(5, { start: 1, version: 0 })]);
    release();
    await Promise.all(late);
    expect(await allStored()).toEqual(ids.map((_, n) => ({ start: 1, n, version: 1 })));
    expect([writes(), repository.batches]).toEqual([['update', 'updateMany'], [5]]);
  });

  it('are not more in a statement than its bytes allow', async () => {
    const outcomes = await writeAll(undefined, (n) => ({ text: 'x'.repeat(n < 3 ? 900_000 : 100_000) }));
    expect(statuses(outcomes)).toEqual(ALL_DONE);
    expect((await allStored()).map((values) => values?.text.length)).toEqual([900_000, 900_000, 900_000, 100_000, 100_000, 100_000]);
    expect(repository.batches).toEqual([2]);
  });

  it('NoLostKey: one whose record has moved on merges by itself, and holds up no other', async () => {
    const others = serviceOver(new SqlSessionRepository(database.context), { merge: RULES }).sessions;
    await others.update(ids[2]!, (draft: Live) => {
      draft.visits = 10;
    });
    await others.destroy(ids[3]!);
    const outcomes = await writeAll(undefined, () => ({ visits: 1 }));
    expect(statuses(outcomes)).toEqual(ALL_DONE);
    expect((await allStored()).map((values) => values?.visits)).toEqual([1, 1, 11, undefined, 1, 1]);
    expect(lives[2]).toMatchObject({ visits: 11 });
    expect(await stored(ids[3]!)).toBeUndefined();
    expect(writes()).toEqual(['update', 'updateMany', 'update']);
  });

  it('fail alone when the database refuses one', async () => {
    const refused = databaseName === 'sqlite' ? Object.create(null) : 'x'.repeat(300);
    await reload({ userId: (session) => (session.n === 2 ? { toString: () => refused } : null) as never });
    const outcomes = await writeAll(undefined);
    expect(statuses(outcomes)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
    expect((await allStored()).map((values) => values?.n)).toEqual([0, 1, undefined, 3, 4, 5]);
  });

  it('fail together when their statement fails twice, and no others fail', async () => {
    repository.faults.updateMany = [FAILED];
    repository.faults.update = [undefined];
    const early = write(0);
    await sent();
    repository.faults.update = times(5, FAILED);
    const outcomes = await Promise.allSettled([early, ...[1, 2, 3, 4, 5].map((n) => write(n))]);
    expect(statuses(outcomes)).toEqual(['fulfilled', ...times(5, 'rejected')]);
    for (const outcome of outcomes.slice(1)) expect(outcome).toMatchObject({ reason: expect.any(SessionUnavailableError) });
    const other = (await sessions.load(ids[0]!)) as Live;
    await sessions.commit(Object.assign(other, { later: 1 }));
    expect(await stored(ids[0]!)).toMatchObject({ later: 1, version: 2 });
  });

  it('are tried again when they were rolled back', async () => {
    repository.faults.updateMany = [{ kind: 'rolled-back', effect: 'none' }];
    expect(statuses(await writeAll(undefined, () => ({ visits: 1 })))).toEqual(ALL_DONE);
    expect(await allStored()).toEqual(times(6, { start: 1, visits: 1, version: 1 }));
  });

  it.each(['done', 'none'] as const)('AtMostOnce: count once when the connection was lost, what was sent %s', async (effect) => {
    repository.faults.updateMany = [{ kind: 'unknown', effect }];
    expect(statuses(await writeAll(undefined, () => ({ visits: 1 })))).toEqual(ALL_DONE);
    expect(await allStored()).toEqual(times(6, { start: 1, visits: 1, version: 1 }));
  });

  it('AtMostOnce: count once when an error that no dialect knows came after the statement was done, and another has committed since', async () => {
    const others = serviceOver(new SqlSessionRepository(database.context), { merge: RULES }).sessions;
    const theirs = () =>
      others.update(ids[2]!, (draft: Live) => {
        draft.visits++;
      });
    repository.faults.updateMany = [
      { error: Object.assign(new Error('of a version to come'), { code: 'ERR_OF_TOMORROW' }), effect: 'done', meanwhile: theirs },
    ];
    await writeAll(undefined, () => ({ visits: 1 }));
    expect((await allStored()).map((values) => values?.visits)).toEqual([1, 1, 2, 1, 1, 1]);
  });

  it('are not held up by a statement that does not come back', async () => {
    let release = () => {};
    const wait = new Promise<void>((resolve) => (release = resolve));
    repository.faults.update = [{ effect: 'none', meanwhile: () => wait }];
    const stuck = write(0);
    await sent();
    await Promise.all([1, 2, 3].map((n) => write(n)));
    expect((await allStored()).map((values) => values?.n)).toEqual([undefined, 1, 2, 3, undefined, undefined]);
    release();
    await stuck;
  });

  it('write nothing for a request that has timed out', async () => {
    const { updates } = serviceOver(repository);
    const deadlines = [0, 1, 2].map(() => new Deadline('commit', 5000));
    const records = await Promise.all(ids.map((id) => new SqlSessionRepository(database.context).load(storageKeyOf(id))));
    const change = {
      data: '{"late":1}',
      commitId: randomUUID(),
      userId: null,
      maxAge: null,
      lifetime: { ms: 1000, slack: 0, explicit: false },
    };
    const all = deadlines.map((deadline, n) =>
      submit(updates, { storageKey: storageKeyOf(ids[n]!), known: records[n]!, change: { ...change, commitId: randomUUID() }, deadline }),
    );
    deadlines[2]!.pass(new Error('too late'));
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect((await allStored()).map((values) => values?.late)).toEqual([1, 1, undefined, undefined, undefined, undefined]);
  });

  it('write nothing for a request that timed out while the batch was refused, and write the others', async () => {
    await reload({ timeout: 200 });
    let release = () => {};
    const wait = new Promise<void>((resolve) => (release = resolve));
    repository.faults.updateMany = [{ kind: 'failed', effect: 'none', meanwhile: () => wait }];
    const outcomes = await writeAll(undefined);
    release();
    await sessions.commit(Object.assign((await sessions.load(ids[0]!)) as Live, { later: 1 }));
    expect(statuses(outcomes)).toEqual(['fulfilled', ...times(5, 'rejected')]);
    expect((await allStored()).map((values) => values?.n)).toEqual([0, ...times(5, undefined)]);
  });

  it('of one session never go together', async () => {
    const { updates } = serviceOver(repository);
    const deadline = new Deadline('commit', 5000);
    const changeOf = (n: number) => ({
      data: `{"n":${n}}`,
      commitId: randomUUID(),
      userId: null,
      maxAge: null,
      lifetime: { ms: 1000, slack: 0, explicit: false },
    });
    const records = new Map(
      await Promise.all(ids.map(async (id) => [id, (await new SqlSessionRepository(database.context).load(storageKeyOf(id)))!] as const)),
    );
    const update = (id: string, n: number) =>
      submit(updates, { storageKey: storageKeyOf(id), known: records.get(id)!, change: changeOf(n), deadline });
    const written = await Promise.all([update(ids[0]!, 0), update(ids[1]!, 1), update(ids[2]!, 2), update(ids[1]!, 3), update(ids[1]!, 4)]);
    expect(written.filter(Boolean)).toHaveLength(3);
    expect(
      written
        .slice(1)
        .filter((_, n) => n !== 1)
        .filter(Boolean),
    ).toHaveLength(1);
    const record = await stored(ids[1]!);
    expect(record).toEqual({ n: [1, undefined, 3, 4][written.slice(1).findIndex((isWritten, n) => n !== 1 && isWritten)], version: 1 });
  });

  it('BoundedOutcome: are so many in a statement, and wait so many', async () => {
    const { updates } = serviceOver(repository, { maxWaiting: 150 });
    const deadline = new Deadline('commit', 5000);
    const change = { data: '{}', commitId: 'c', userId: null, maxAge: null, lifetime: { ms: 1000, slack: 0, explicit: false } };
    const update = () => submit(updates, { storageKey: randomUUID(), known: { version: 0, commitId: null }, change, deadline });
    let release = () => {};
    const wait = new Promise<void>((resolve) => (release = resolve));
    repository.faults.update = [{ effect: 'none', meanwhile: () => wait }];
    const first = update();
    await sent();
    const waiting = Array.from({ length: 150 }, update);
    await expect(update()).rejects.toThrow('150 others are waiting, which is the limit `maxWaiting`');
    release();
    await Promise.all([first, ...waiting]);
    expect(repository.batches).toEqual(repository.mostUpdates === 50 ? [50, 50, 50] : [100, 50]);
  });
});

/** The ways to commit, and the method of the repository that each one calls. */
const WAYS = [
  { way: 'by version', locking: 'optimistic', method: 'update' },
  { way: 'by data', locking: 'pessimistic', method: 'updateMany' },
  { way: 'by lock', locking: 'pessimistic', method: 'updateLocked' },
] as const;

describe.each(DATABASES.flatMap((database) => WAYS.map((way) => ({ database, ...way }))))(
  'commits that join, on $database, $way',
  ({ database: databaseName, locking, method }) => {
    let database: SessionsDatabase;
    let repository: FaultyRepository;
    let sessions: SessionService;
    let services: ReturnType<typeof serviceOver>;
    let id: string;

    beforeAll(async () => {
      Logger.overrideLogger(false);
      database = await SessionsDatabase.open(databaseName, `joining_commits_${databaseName}_${method}`);
    });
    beforeEach(async () => {
      id = randomUUID();
      setUp({});
      await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { start: 1 }));
      repository.calls.length = 0;
    });
    afterAll(() => database.close());

    function setUp(options: SmartSessionModuleOptions): void {
      repository = new FaultyRepository(database.context);
      repository.locksFirst = method === 'updateLocked';
      services = serviceOver(repository, { locking, merge: RULES, ...options });
      sessions = services.sessions;
    }
    const loadAll = (count: number) => Promise.all(Array.from({ length: count }, async () => (await sessions.load(id)) as Live));
    const stored = async () => {
      const record = await new SqlSessionRepository(database.context).load(storageKeyOf(id));
      return record && { ...JSON.parse(record.data), version: record.version };
    };
    const writes = () => repository.calls.filter((call) => call === method).length;
    const valuesOf = (live: Live) => Object.fromEntries(Object.entries(live).filter(([key]) => key !== 'cookie'));

    it('are sent at once if no update is in flight, otherwise batched; each is answered after its update', async () => {
      const [first, ...others] = await loadAll(6);
      let release = () => {};
      const wait = new Promise<void>((resolve) => (release = resolve));
      repository.faults[method] = [undefined, { effect: 'none', meanwhile: () => wait }];
      const early = sessions.commit(Object.assign(first!, { k0: 0 }));
      let answered = 0;
      const late = others.map((live, n) => sessions.commit(Object.assign(live, { [`k${n + 1}`]: n + 1 })).then(() => answered++));
      await early;
      while (writes() < 2) await new Promise((resolve) => setTimeout(resolve, 2));
      expect([answered, await stored()]).toEqual([0, { start: 1, k0: 0, version: 1 }]);
      release();
      await Promise.all(late);
      const all = { start: 1, k0: 0, k1: 1, k2: 2, k3: 3, k4: 4, k5: 5 };
      expect(await stored()).toEqual({ ...all, version: 2 });
      expect(writes()).toBe(2);
      for (const live of others) expect(valuesOf(live)).toEqual(all);
      for (const live of others) expect(protocolOf(sessions).states.isSettled(live)).toBe(true);
    });

    it('go together in the turn of another where the driver blocks, and leave at once elsewhere', async () => {
      const [first, second, third] = await loadAll(3);
      await new Promise(setImmediate);
      await sessions.commit(Object.assign(first!, { k0: 0 }));
      await Promise.all([sessions.commit(Object.assign(second!, { k1: 1 })), sessions.commit(Object.assign(third!, { k2: 2 }))]);
      expect(await stored()).toEqual({ start: 1, k0: 0, k1: 1, k2: 2, version: databaseName === 'sqlite' ? 2 : 3 });
    });

    it('merge by the rules, and give each update its own result', async () => {
      const lives = await loadAll(4);
      const results = await Promise.all(
        lives.map((live) => {
          live.visits = (live.visits ?? 0) + 1;
          return sessions.update(live, (draft: Live) => (draft.tickets = (draft.tickets ?? 0) + 1));
        }),
      );
      expect(results.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
      expect(await stored()).toEqual({ start: 1, visits: 4, tickets: 4, version: 2 });
    });

    it('fail alone when their own change is refused', async () => {
      setUp({ maxBytes: 400 });
      const lives = await loadAll(5);
      const wanted = [{ a: 1 }, { broken: 1 }, { b: 1 }, { text: 'x'.repeat(500) }, { c: 1 }];
      await serviceOver(new SqlSessionRepository(database.context)).sessions.update(id, (draft: Live) => {
        draft.broken = 0;
      });
      const outcomes = await Promise.allSettled(lives.map((live, n) => sessions.commit(Object.assign(live, wanted[n]))));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
      expect(outcomes[1]).toMatchObject({ reason: expect.any(SessionMergeError) });
      expect(outcomes[3]).toMatchObject({ reason: expect.any(SessionTooLargeError) });
      expect(await stored()).toMatchObject({ a: 1, b: 1, c: 1, broken: 0 });
      expect(await stored()).not.toHaveProperty('text');
    });

    it('take no base that was read for others for current', async () => {
      setUp({ maxBytes: 300 });
      const others = serviceOver(new SqlSessionRepository(database.context)).sessions;
      const write = (x: string) =>
        others.update(id, (draft: Live) => {
          draft.x = x;
        });
      await write('old');
      const [late] = await loadAll(1);
      await write('A');
      const [first] = await loadAll(1);
      await write('B');
      const outcomes = await Promise.allSettled([
        sessions.commit(Object.assign(first!, { text: 'x'.repeat(500) })),
        sessions.commit(Object.assign(late!, { x: 'A' })),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
      expect(await stored()).toMatchObject({ x: 'A' });
    });

    it('are applied anew together when another process was faster', async () => {
      const others = serviceOver(new SqlSessionRepository(database.context), { merge: RULES }).sessions;
      const theirs = async () => {
        await others.update(id, (draft: Live) => {
          draft.visits = 10;
          draft.broken = 1;
        });
      };
      const lives = await loadAll(4);
      repository.faults[method] = [undefined, { effect: 'none', meanwhile: theirs }];
      const changes = [{ k0: 0 }, { visits: 1 }, { broken: 2 }, { visits: 1 }];
      const outcomes = await Promise.allSettled(lives.map((live, n) => sessions.commit(Object.assign(live, changes[n]))));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
      expect(await stored()).toMatchObject({ k0: 0, visits: 12, broken: 1 });
    });

    it('do not fail for what was refused on a record that had moved on', async () => {
      const others = serviceOver(new SqlSessionRepository(database.context)).sessions;
      const restock = async () => {
        await others.update(id, (draft: Live) => {
          draft.stock = 5;
        });
      };
      const take = (draft: Live) => {
        if (!draft.stock) throw new Error('sold out');
        return --draft.stock;
      };
      const [first, second, third] = await loadAll(3);
      repository.faults[method] = [undefined, { effect: 'none', meanwhile: restock }];
      const outcomes = await Promise.allSettled([
        sessions.commit(Object.assign(first!, { a: 1 })),
        sessions.update(second!, take),
        sessions.commit(Object.assign(third!, { b: 1 })),
      ]);
      expect(outcomes[1]).toEqual({ status: 'fulfilled', value: 4 });
      expect(await stored()).toMatchObject({ a: 1, b: 1, stock: 4 });
    });

    it('let a max age go or fail with its own edit', async () => {
      const lives = await loadAll(4);
      await serviceOver(new SqlSessionRepository(database.context)).sessions.update(id, (draft: Live) => {
        draft.broken = 0;
      });
      lives[2]!.cookie.originalMaxAge = 60_000;
      lives[3]!.cookie.originalMaxAge = 3_600_000;
      const changes = [{ a: 1 }, { b: 1 }, { broken: 1 }, { c: 1 }];
      const outcomes = await Promise.allSettled(lives.map((live, n) => sessions.commit(Object.assign(live, changes[n]))));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
      expect(await stored()).toMatchObject({ a: 1, b: 1, c: 1, broken: 0 });
      expect((await loadAll(1))[0]!.cookie.originalMaxAge).toBe(3_600_000);
    });

    it.each([
      [[true, true, true], 1],
      [[true, false, true], 24],
    ])('keep the expiry only if each of them does: %j', async (keeping, hours) => {
      await database.run(`update {table} set expires_at = ${database.context.dialect.fromNow('3600000')}`);
      const lives = await loadAll(3);
      for (const [n, keepsExpiry] of keeping.entries())
        protocolOf(sessions).states.setPolicy(lives[n]!, { keepsExpiry, isReadOnly: false });
      await Promise.all(lives.map((live, n) => sessions.commit(Object.assign(live, { [`k${n}`]: n }))));
      expect(writes()).toBe(2);
      const record = await new SqlSessionRepository(database.context).load(storageKeyOf(id));
      expect(Math.round(record!.remaining / 3_600_000)).toBe(hours);
    });

    it('NoResurrection: a destroy waits for each first save that may still land', async () => {
      const other = randomUUID();
      setUp({ timeout: 300 });
      const releases: (() => void)[] = [];
      repository.faults.insert = [{ effect: 'none', meanwhile: () => new Promise<void>((resolve) => releases.push(resolve)) }];
      const first = protocolOf(sessions).stored.replace(other, { a: 1 });
      const second = protocolOf(sessions).stored.replace(other, { b: 1 });
      await expect(first).rejects.toThrow(SessionUnavailableError);
      await second.catch(() => undefined);
      const destroyed = sessions.destroy(other);
      releases[0]?.();
      await destroyed;
      expect(await sessions.load(other)).toBeUndefined();
    });

    it('fail together when their update fails, and no others fail', async () => {
      const lives = await loadAll(4);
      repository.faults[method] = [undefined, FAILED];
      const outcomes = await Promise.allSettled(lives.map((live, n) => sessions.commit(Object.assign(live, { [`k${n}`]: n }))));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
      const [later] = await loadAll(1);
      await sessions.commit(Object.assign(later!, { later: 1 }));
      expect(await stored()).toEqual({ start: 1, k0: 0, later: 1, version: 2 });
    });

    it('AtMostOnce: count once when the connection was lost', async () => {
      const lives = await loadAll(4);
      repository.faults[method] = [undefined, { kind: 'unknown', effect: 'done' }];
      await Promise.all(lives.map((live) => sessions.commit(Object.assign(live, { visits: 1 }))));
      expect(await stored()).toEqual({ start: 1, visits: 4, version: 2 });
    });

    it('are dropped together when the session ended, and bring nothing back', async () => {
      const lives = await loadAll(4);
      repository.faults[method] = [
        undefined,
        { effect: 'none', meanwhile: () => database.run(`delete from {table} where session_id = '${storageKeyOf(id)}'`) },
      ];
      await Promise.all(lives.map((live, n) => sessions.commit(Object.assign(live, { [`k${n}`]: n }))));
      expect(await stored()).toBeUndefined();
      await expect(sessions.update(lives[3]!, () => undefined)).rejects.toThrow(SessionGoneError);
    });

    it('go alone under a lock, whose loss fails no other', async () => {
      const lives = await loadAll(4);
      const unlock = await services.locker.lock(lives[2]!, { timeout: 1000, lease: 5000, maxWaiting: 1 });
      await database.run("update {table} set lease_id = 'another'");
      const outcomes = await Promise.allSettled(lives.map((live, n) => sessions.commit(Object.assign(live, { [`k${n}`]: n }))));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
      expect(await stored()).toMatchObject({ k0: 0, k1: 1, k3: 3 });
      await unlock?.();
    });

    it('BoundedOutcome: wait so many', async () => {
      setUp({ maxWaiting: 2 });
      const lives: Live[] = [];
      for (let n = 0; n < 4; n++) lives.push(...(await loadAll(1)));
      const outcomes = await Promise.allSettled(lives.map((live, n) => sessions.commit(Object.assign(live, { [`k${n}`]: n }))));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
      expect(outcomes[3]).toMatchObject({
        reason: { message: expect.stringContaining('2 commits of this session are waiting, which is the limit `maxWaiting`') },
      });
      expect(await stored()).toEqual({ start: 1, k0: 0, k1: 1, k2: 2, version: 2 });
    });
  },
);
