import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { vi } from 'vitest';
import { DraftEdit } from '../../src/commit/draft-edit.js';
import { OverwriteDetector } from '../../src/commit/overwrite-detector.js';
import { Overwrites } from '../../src/commit/overwrites.js';
import { RecentWrites } from '../../src/commit/recent-writes.js';
import { ruleFor } from '../../src/commit/suggested-rule.js';
import { append, counter, deep, lastWins, union, unionBy, type MergeRule, type SmartSessionModuleOptions } from '../../src/index.js';
import { noteRoute } from '../../src/live/request-route.js';
import type { LiveSessions } from '../../src/live/live-sessions.js';
import { LiveCommitter } from '../../src/protocol/live-committer.js';
import { RecordReader } from '../../src/records/record-reader.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { gate } from '../support/gate.js';
import { NotedBackoff } from '../support/noted-backoff.js';
import { OtherProcess } from '../support/other-process.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

let database: SessionsDatabase;
let others: OtherProcess;
let repository: FaultyRepository;
let lives: LiveSessions;
let committer: LiveCommitter;
let services: ReturnType<typeof serviceOver>;
let detector: OverwriteDetector;
let warnings: string[];

beforeAll(async () => {
  database = await SessionsDatabase.open('sqlite', 'overwrite_detector');
});
afterAll(() => database.close());

beforeEach(() => {
  warnings = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void warnings.push(String(line)));
});
afterEach(() => void vi.restoreAllMocks());

/** Starts with one record. */
async function setUp(values: object = {}, given: SmartSessionModuleOptions = {}): Promise<void> {
  others = new OtherProcess(database, 'id');
  await others.destroy();
  await others.insert({ ...values });
  repository = new FaultyRepository(database.context);
  services = serviceOver(repository, { hashIds: false, ...given } as SmartSessionModuleOptions, new NotedBackoff());
  lives = services.live;
  committer = services.get(LiveCommitter);
  detector = services.get(OverwriteDetector);
}

/** The session of a request that has loaded the record. */
async function request(route?: string): Promise<Live> {
  const row = (await repository.load('id'))!;
  const session = lives.open('id', services.get(RecordReader).read('id', row)!, { remaining: 60_000 }) as Live;
  const req = { method: 'POST', session };
  if (route !== undefined) noteRoute(req, route);
  // The parts of a live session by which its commit knows that it is whole.
  Object.defineProperties(session, { req: { value: req }, touch: { value: () => undefined } });
  Object.defineProperty(session.cookie, 'serialize', { value: () => '' });
  lives.find(session)!.isCookieOurs = false;
  return session;
}

const found = () => detector.overwrites.all.map(({ key, routes, count }) => ({ key, routes, count }));
const draft = (change: (values: Live) => unknown) => new DraftEdit(services.codec, change);

/** Two requests that have loaded the same record change it one after the other. */
async function race(one: (session: Live) => void, other: (session: Live) => void, routes = ['/a', '/b']): Promise<void> {
  const [first, second] = [await request(routes[0]), await request(routes[1])];
  one(first);
  await committer.commit(first);
  other(second);
  await committer.commit(second);
}

describe('the detector of overwrites', () => {
  it('counts a key that two routes have changed, and warns once', async () => {
    await setUp({ cart: ['a'] });
    await race(
      (session) => session.cart.push('b'),
      (session) => session.cart.push('c'),
    );
    await race(
      (session) => session.cart.push('d'),
      (session) => session.cart.push('e'),
    );
    expect(found()).toEqual([{ key: 'cart', routes: ['POST /a', 'POST /b'], count: 2 }]);
    expect(warnings).toEqual([
      'POST /a and POST /b both changed `cart`; the last one won. Declare a merge rule: `merge: { cart: union() }`, or `lastWins()` if the last change is right.',
    ]);
  });

  it('counts both directions as one pair, and names a route that races with itself', async () => {
    await setUp({ n: 0 });
    await race((session) => (session.n = 1), (session) => (session.n = 2)); // prettier-ignore
    await race((session) => (session.n = 3), (session) => (session.n = 4), ['/b', '/a']); // prettier-ignore
    await race((session) => (session.n = 5), (session) => (session.n = 6), ['/a', '/a']); // prettier-ignore
    expect(found()).toEqual([
      { key: 'n', routes: ['POST /a', 'POST /b'], count: 2 },
      { key: 'n', routes: ['POST /a', 'POST /a'], count: 1 },
    ]);
    expect(warnings[1]).toBe(
      'Two requests of POST /a both changed `n`; the last one won. Declare a merge rule: `merge: { n: counter() }`, or `lastWins()` if the last change is right.',
    );
  });

  it('shows the route of another process as unknown', async () => {
    await setUp({ theme: 'light' });
    const session = await request('/a');
    await others.set({ theme: 'dark' });
    session.theme = 'blue';
    await committer.commit(session);
    expect(found()).toEqual([{ key: 'theme', routes: ['POST /a', undefined], count: 1 }]);
    expect(warnings).toEqual([
      'POST /a and an unknown route (of another process, or an update by session id) both changed `theme`; the last one won. Declare a merge rule: `merge: { theme: lastWins() }` if the last change is right, or another rule.',
    ]);
  });

  it('does not take an earlier write of this process for the one of another process', async () => {
    await setUp({ n: 0 });
    const earlier = await request('/earlier');
    earlier.n = 1;
    await committer.commit(earlier);
    const session = await request('/a');
    await others.set({ n: 2 });
    session.n = 3;
    await committer.commit(session);
    expect(found()).toEqual([{ key: 'n', routes: ['POST /a', undefined], count: 1 }]);
  });

  it('knows the route of an update, and of a change that was lost to a deletion', async () => {
    await setUp({ n: 0, cart: [] });
    const session = await request('/a');
    await committer.update(
      await request('/update'),
      draft((values) => (values.n += 1)),
    );
    session.n = 7;
    delete session.cart;
    const other = await request('/b');
    other.cart = ['x'];
    await committer.commit(other);
    await committer.commit(session);
    expect(found()).toEqual([
      { key: 'n', routes: ['POST /a', 'POST /update'], count: 1 },
      { key: 'cart', routes: ['POST /a', 'POST /b'], count: 1 },
    ]);
  });

  it('sees commits that share one update', async () => {
    await setUp({ n: 0 });
    const held = gate();
    repository.faults.update = [held.fault];
    const sessions = [await request('/a'), await request('/b'), await request('/c')];
    const commits = sessions.map((session, index) => {
      session.n = index + 1;
      return committer.commit(session);
    });
    await held.arrived;
    held.open();
    await Promise.all(commits);
    expect(found()).toEqual([
      { key: 'n', routes: ['POST /a', 'POST /b'], count: 1 },
      { key: 'n', routes: ['POST /b', 'POST /c'], count: 1 },
    ]);
  });

  it.each<[string, SmartSessionModuleOptions, (session: Live) => void, (session: Live) => void]>([
    ['both have set the same value', {}, (session) => (session.n = 1), (session) => (session.n = 1)],
    ['both have deleted it', {}, (session) => delete session.n, (session) => delete session.n],
    ['they have changed different keys', {}, (session) => (session.n = 1), (session) => (session.m = 1)],
    ['the key has a rule', { merge: { n: counter() } as never }, (session) => (session.n = 1), (session) => (session.n = 2)],
    ['the rule is lastWins()', { merge: { n: lastWins() } as never }, (session) => (session.n = 1), (session) => (session.n = 2)],
    ['all keys have a rule', { mergeDefault: lastWins() }, (session) => (session.n = 1), (session) => (session.n = 2)],
    ['it is off', { detectOverwrites: false }, (session) => (session.n = 1), (session) => (session.n = 2)],
  ])('counts nothing if %s', async (_name, given, one, other) => {
    await setUp({ n: 0 }, given);
    await race(one, other);
    expect(found()).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('does not take two commits of one request for two requests', async () => {
    await setUp({ n: 0 });
    const held = gate();
    repository.faults.update = [held.fault];
    const session = await request('/a');
    session.n = 1;
    const first = committer.commit(session);
    await held.arrived;
    session.n = 2;
    held.open();
    await first;
    await committer.commit(session);
    expect((await others.stored())?.n).toBe(2);
    expect(found()).toEqual([]);
  });

  it('counts nothing of a commit that does not take effect', async () => {
    await setUp({ n: 0 });
    const session = await request('/a');
    await others.set({ n: 1 });
    await others.destroy();
    session.n = 2;
    await committer.commit(session);
    expect(found()).toEqual([]);
  });

  it('writes no value, and shortens and escapes the key', async () => {
    await setUp();
    const key = `k\n\u001b[31m${'x'.repeat(100)}`;
    await race((session) => (session[key] = 'secret one'), (session) => (session[key] = 'secret two')); // prettier-ignore
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toMatch(/secret|\p{Cc}|x{70}/u);
  });

  it('is on by default, and off in production', () => {
    const before = process.env.NODE_ENV;
    try {
      expect(serviceOver(repository).get(OverwriteDetector).isOn).toBe(true);
      process.env.NODE_ENV = 'production';
      const secret = 'f5T9qk2LzX7wB1nRv8Yc3Jm6Hd4Gs0Pe';
      expect(serviceOver(repository, { secret }).get(OverwriteDetector).isOn).toBe(false);
      expect(serviceOver(repository, { secret, detectOverwrites: true }).get(OverwriteDetector).isOn).toBe(true);
    } finally {
      process.env.NODE_ENV = before;
    }
  });
});

describe('the detector and a model', () => {
  const KEYS = ['a', 'b', 'ruled'] as const;
  const key = fc.constantFrom(...KEYS);
  const value = fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined });
  const who = fc.nat({ max: 2 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), who, key, value }),
    fc.record({ kind: fc.constant('commit' as const), who }),
    fc.record({ kind: fc.constant('update' as const), who, key, value: fc.integer({ min: 4, max: 6 }) }),
    fc.record({ kind: fc.constant('reopen' as const), who }),
    fc.record({ kind: fc.constant('elsewhere' as const), key, value: fc.integer({ min: 7, max: 9 }) }),
  );

  type Values = Partial<Record<string, number>>;

  /** The record and the requests as plain values. A commit compares three values of each key. */
  class Model {
    readonly counts = new Map<string, number>();
    current: Values = {};
    readonly writers: Partial<Record<string, string>> = {};
    readonly requests: { base: Values; mine: Values }[] = [0, 1, 2].map(() => ({ base: {}, mine: {} }));

    reopen(index: number): void {
      this.requests[index] = { base: { ...this.current }, mine: { ...this.current } };
    }

    commit(index: number, update?: readonly [key: string, value: number]): void {
      const { base, mine } = this.requests[index]!;
      const route = `POST /${index}`;
      // Without a change no statement is sent, and the base stays as it is.
      if (!update && KEYS.every((name) => mine[name] === base[name])) return;
      const before = { current: { ...this.current }, writers: { ...this.writers } };
      for (const name of KEYS) {
        if (mine[name] === base[name]) continue;
        const isLost = this.current[name] !== base[name] && this.current[name] !== mine[name];
        if (isLost && name !== 'ruled') this.#count(name, route, this.writers[name]);
        this.#write(name, mine[name], route);
      }
      if (update) this.#write(update[0], update[1], route);
      // An update changes only what differs from the values that it was given.
      if (update) for (const name of KEYS) if (this.current[name] === before.current[name]) this.writers[name] = before.writers[name];
      this.reopen(index);
    }

    elsewhere(name: string, stored: number): void {
      this.current[name] = stored;
      this.writers[name] = undefined;
    }

    #write(name: string, stored: number | undefined, route: string): void {
      if (stored === undefined) delete this.current[name];
      else this.current[name] = stored;
      this.writers[name] = route;
    }

    #count(name: string, one: string, other: string | undefined): void {
      const id = `${name}: ${[one, other ?? 'unknown'].toSorted().join(' + ')}`;
      this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
    }
  }

  it('agree on every history of three requests and another process', async () => {
    let lost = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
        await setUp({}, { merge: { ruled: lastWins() } as never });
        const model = new Model();
        const sessions = [await request('/0'), await request('/1'), await request('/2')];
        for (const one of steps) {
          if (one.kind === 'elsewhere') {
            // A value of this process that is stored again elsewhere has two writers. So the values of the other process are its own.
            if (model.current[one.key] === one.value) continue;
            await others.set({ [one.key]: one.value });
            model.elsewhere(one.key, one.value);
            continue;
          }
          const session = sessions[one.who]!;
          if (one.kind === 'set') {
            if (one.value === undefined) delete session[one.key];
            else session[one.key] = one.value;
            model.requests[one.who]!.mine[one.key] = one.value;
          } else if (one.kind === 'commit') {
            await committer.commit(session);
            model.commit(one.who);
          } else if (one.kind === 'update') {
            await committer.update(
              session,
              draft((values) => (values[one.key] = one.value)),
            );
            model.commit(one.who, [one.key, one.value]);
          } else {
            sessions[one.who] = await request(`/${one.who}`);
            model.reopen(one.who);
          }
          if (one.kind !== 'set') Object.assign(model.requests[one.who]!, { mine: { ...valuesOf(sessions[one.who]!) } });
        }
        const counted = detector.overwrites.all.map(
          ({ key: name, routes, count }) => [`${name}: ${routes.map((route) => route ?? 'unknown').toSorted().join(' + ')}`, count] as const, // prettier-ignore
        );
        expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(model.counts));
        lost += model.counts.size;
      }),
      { numRuns: 100 },
    );
    expect(lost).toBeGreaterThan(50);
  }, 120_000);

  const valuesOf = (session: Live) => Object.fromEntries(KEYS.filter((name) => name in session).map((name) => [name, session[name]]));
});

describe('the memory of the detector', () => {
  it('forgets the oldest writes', () => {
    const writes = new RecentWrites(2);
    writes.note('id', 'a', '1', 'POST /a');
    writes.note('id', 'b', '1', 'POST /b');
    writes.note('id', 'a', '2', 'POST /a');
    writes.note('id', 'c', undefined, 'POST /c');
    const routes = ['a', 'b', 'c'].map((name) => writes.routeOf('id', name, { a: '2', b: '1' }[name]));
    expect(routes).toEqual(['POST /a', undefined, 'POST /c']);
  });

  it('counts no further pairs than it has room for', () => {
    const overwrites = new Overwrites(2);
    const isNew = ['a', 'b', 'c', 'c', 'a'].map((name) => overwrites.add(name, 'POST /a', undefined, () => 'deep()') !== undefined);
    expect(isNew).toEqual([true, true, false, false, false]);
    expect(overwrites.all.map(({ key: name, count }) => [name, count])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(overwrites.uncounted).toBe(2);
  });

  const now = 1_700_000_000_000;
  const cyclic = (n: number) => {
    const value: Record<string, unknown> = { n };
    return Object.assign(value, { self: value });
  };

  it.each<[base: unknown, theirs: unknown, mine: unknown, rule: string]>([
    [0, 1, 2, 'counter()'],
    [5, 15, -5, 'counter()'],
    [5, 16, 6, 'lastWins()'],
    [5, 6, 5.5, 'lastWins()'],
    [0.5, 1.5, 2.5, 'lastWins()'],
    [undefined, 5, 7, 'lastWins()'],
    [5, undefined, 6, 'lastWins()'],
    [now - 1000, now, now + 5, 'lastWins()'],
    [2 ** 53, 2 ** 53 + 2, 2 ** 53 + 4, 'lastWins()'],
    [['a'], ['a', 'b'], ['a', 'c'], 'union()'],
    [undefined, ['a'], ['b'], 'union()'],
    [['a', 'b'], ['b'], ['a', 'b', 'c'], 'union()'],
    [['a', 'b'], ['b', 'a'], ['a', 'b', 'c'], 'lastWins()'],
    [['a', 'a'], ['a', 'a', 'b'], ['a', 'a', 'a'], 'append()'],
    [['a'], ['b', 'b'], ['a', 'c'], 'lastWins()'],
    [['a'], undefined, ['a', 'b'], 'lastWins()'],
    [[{ sku: 1 }], [{ sku: 2 }], [{ sku: 3 }], "unionBy('…')"],
    [[{ sku: 1 }], ['a'], ['b'], 'lastWins()'],
    [[], [['a']], [['b']], 'lastWins()'],
    ['a', ['a'], ['b'], 'lastWins()'],
    [{}, { a: 1 }, { b: 1 }, 'deep()'],
    [undefined, { a: 1 }, { b: 1 }, 'deep()'],
    [{ a: { x: 1, y: 1 } }, { a: { x: 2, y: 1 } }, { a: { x: 1, y: 2 } }, 'deep()'],
    [{ a: 1, b: 1 }, { b: 1 }, { a: 1 }, 'deep()'],
    [{ street: 'a', town: 'a' }, { street: 'b', town: 'b' }, { street: 'a', town: 'c' }, 'lastWins()'],
    [cyclic(1), cyclic(2), cyclic(3), 'lastWins()'],
    [null, { a: 1 }, { b: 1 }, 'lastWins()'],
    [{ a: 1 }, { a: 2 }, undefined, 'lastWins()'],
    ['a', 'b', 'c', 'lastWins()'],
    [1, 2, 'b', 'lastWins()'],
  ])('suggests for %j, %j and %j the rule %s', (base, theirs, mine, rule) => {
    expect(ruleFor({ base, theirs, mine })).toBe(rule);
  });
});

describe('the rule that the detector suggests', () => {
  /** Two requests of a session set a key to these values. Returns what is stored, and the rule that the warning names. */
  async function follow(values: readonly [base: unknown, theirs: unknown, mine: unknown], merge: object = {}): Promise<unknown> {
    const [base, theirs, mine] = values;
    await setUp({ key: base }, { merge: merge as never });
    await race((session) => (session.key = theirs), (session) => (session.key = mine)); // prettier-ignore
    return (await others.stored())?.key;
  }

  it.each<[string, readonly [unknown, unknown, unknown], MergeRule, unknown]>([
    ['counter()', [5, 6, 7], counter(), 8],
    ['union()', [['a'], ['a', 'b'], ['a', 'c']], union(), ['a', 'b', 'c']],
    [
      'append()',
      [
        ['a', 'a'],
        ['a', 'a', 'b'],
        ['a', 'a', 'a'],
      ],
      append(),
      ['a', 'a', 'b', 'a'],
    ],
    [
      'deep()',
      [
        { a: 1, b: 1 },
        { a: 2, b: 1 },
        { a: 1, b: 2 },
      ],
      deep(),
      { a: 2, b: 2 },
    ],
    ["unionBy('…')", [[{ sku: 1, n: 1 }], [{ sku: 1, n: 2 }], [{ sku: 1, n: 3 }]], unionBy('sku'), [{ sku: 1, n: 3 }]],
  ])('keeps both changes: %s', async (rule, values, declared, stored) => {
    await follow(values);
    expect(warnings).toEqual([expect.stringContaining(`\`merge: { key: ${rule} }\``)]);
    expect(warnings[0]).toMatch(/ or `lastWins\(\)` if the last change is right\.$/);
    expect(await follow(values, { key: declared })).toEqual(stored);
  });

  it('combines no ids of users', async () => {
    await setUp({ user: 5 }, { userId: 'user' });
    await race((session) => (session.user = 6), (session) => (session.user = 7)); // prettier-ignore
    expect(warnings).toEqual([expect.stringContaining('`merge: { user: lastWins() }` if the last change is right, or another rule.')]);
  });

  it('has no line for a key of which only the start is shown', async () => {
    await setUp();
    for (const [length, lines] of [
      [64, 1],
      [65, 0],
    ] as const) {
      // prettier-ignore
      warnings.length = 0;
      const key = 'x'.repeat(length);
      await race((session) => (session[key] = ['a']), (session) => (session[key] = ['b'])); // prettier-ignore
      expect(warnings).toHaveLength(1);
      expect(warnings[0]!.match(/merge: \{/g) ?? []).toHaveLength(lines);
    }
    expect(warnings[0]).toMatch(
      /Declare a merge rule: give the whole name of the key a rule, or `lastWins\(\)` if the last change is right\.$/,
    );
  });
});
