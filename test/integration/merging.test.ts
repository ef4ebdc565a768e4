import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import {
  DELETED,
  SessionGoneError,
  SessionMergeError,
  SessionNotSerializableError,
  SessionUnavailableError,
  SqlSessionRepository,
  append,
  counter,
  deep,
  firstWins,
  lastWins,
  unionBy,
  type SessionService,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { DATABASES } from '../support/databases.js';
import { FaultyRepository, LOST_AFTER, LOST_BEFORE, type Fault } from '../support/faulty-repository.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { protocolOf } from '../support/protocol-of.js';

type Live = Record<string, any>;

const RULES = {
  merge: {
    visits: counter(),
    cart: unionBy('sku', { quantity: counter() }),
    preferences: deep(),
    csrf: firstWins(),
    log: append(),
    max: ({ theirs = 0, mine = 0 }) => Math.max(theirs, mine),
    kept: () => 'kept',
    either: () => DELETED,
    broken: () => {
      throw new RangeError('no way.');
    },
    unstorable: () => ({ f: () => 1 }),
    nothing: () => undefined,
    later: () => Promise.reject(new Error('of the promise')),
    bare: () => {
      throw Object.create(null);
    },
    spoiling: ({ base, theirs, mine }: Live) => {
      for (const side of [base, theirs, mine]) side.spoilt = true;
      return mine;
    },
  } as Record<string, any>,
} satisfies SmartSessionModuleOptions;

const CASES = DATABASES.flatMap((database) => (['optimistic', 'pessimistic'] as const).map((locking) => ({ database, locking })));

describe.each(CASES)('on $database, $locking', ({ database: databaseName, locking }) => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let sessions: SessionService;
  let id: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `merging_${databaseName}_${locking}`);
  });
  beforeEach(() => {
    id = randomUUID();
    setUp({});
  });
  afterAll(() => database.close());

  function setUp(options: SmartSessionModuleOptions): void {
    repository = new FaultyRepository(database.context);
    repository.locksFirst = true;
    sessions = serviceOver(repository, { ...RULES, locking, ...options }).sessions;
  }
  const create = (values: object): Live => Object.assign(Object.defineProperty({}, 'id', { value: id }), values);
  const given = (values: object) => sessions.commit(create(values));
  const load = async (): Promise<Live> => (await sessions.load(id)) as Live;
  const stored = async () => {
    const found = await new SqlSessionRepository(database.context).load(storageKeyOf(id));
    return found && { ...JSON.parse(found.data), version: found.version };
  };
  const valuesOf = (live: Live) => Object.fromEntries(Object.entries(live).filter(([key]) => key !== 'cookie'));
  const writes = () => repository.calls.filter((call) => call === 'update' || call === 'updateLocked');
  /** Somebody else commits, through no fault. */
  const theirs = (change: (live: Live) => void) => async () => {
    const others = serviceOver(new SqlSessionRepository(database.context), { ...RULES, locking }).sessions;
    const live = (await others.load(id)) as Live;
    change(live);
    await others.commit(live);
  };
  /** Two requests load the same, and commit one after the other; returns what the second one sees then. */
  async function race(first: (live: Live) => void, second: (live: Live) => void): Promise<Live> {
    const [one, other] = [await load(), await load()];
    first(one);
    second(other);
    await sessions.commit(one);
    await sessions.commit(other);
    return other;
  }

  describe('a commit', () => {
    it('merges a key that both have changed by its rule, and shows the result', async () => {
      await given({ visits: 1, cart: [{ sku: 'a', quantity: 1 }], preferences: { theme: 'light', size: 1 }, max: 3 });
      const live = await race(
        (session) => {
          session.visits++;
          session.cart[0].quantity = 2;
          session.cart.push({ sku: 'b', quantity: 1 });
          session.preferences.theme = 'dark';
          session.csrf = 'first';
          session.max = 9;
        },
        (session) => {
          session.visits++;
          session.cart[0].quantity = 3;
          session.cart.push({ sku: 'b', quantity: 2 });
          session.preferences.size = 2;
          session.csrf = 'second';
          session.max = 7;
        },
      );
      const expected = {
        visits: 3,
        cart: [
          { sku: 'a', quantity: 4 },
          { sku: 'b', quantity: 3 },
        ],
        preferences: { theme: 'dark', size: 2 },
        csrf: 'first',
        max: 9,
      };
      expect(await stored()).toEqual({ ...expected, version: 2 });
      expect(valuesOf(live)).toEqual(expected);
      expect(protocolOf(sessions).states.isSettled(live)).toBe(true);
    });

    it('merges first saves under one id', async () => {
      await Promise.all([given({ visits: 1 }), given({ visits: 1 }), given({ visits: 1 })]);
      expect(await stored()).toEqual({ visits: 3, version: 2 });
    });

    it('asks no rule where only one side changed the key, and takes DELETED for an answer', async () => {
      await given({ kept: 1, either: 1, visits: 1 });
      await race(
        (session) => {
          session.kept = 2;
        },
        (session) => {
          session.either = 2;
        },
      );
      expect(await stored()).toEqual({ kept: 2, either: 2, visits: 1, version: 2 });
      await race(
        (session) => {
          session.either = 3;
          session.kept = 3;
        },
        (session) => {
          session.either = 4;
          delete session.kept;
        },
      );
      expect(await stored()).toEqual({ kept: 'kept', visits: 1, version: 4 });
    });

    it('uses the default rule for keys without one', async () => {
      setUp({ mergeDefault: deep() });
      await given({ other: { a: 1 }, visits: 0 });
      await race(
        (session) => {
          session.other.b = 1;
          session.visits++;
        },
        (session) => {
          session.other.c = 1;
          session.visits++;
        },
      );
      expect(await stored()).toEqual({ other: { a: 1, b: 1, c: 1 }, visits: 2, version: 2 });
    });

    it('gives rules copies: what one does to them reaches nothing', async () => {
      await given({ spoiling: { n: 0 } });
      const live = await race(
        (session) => {
          session.spoiling.n = 1;
        },
        (session) => {
          session.spoiling.n = 2;
        },
      );
      expect(valuesOf(live)).toEqual({ spoiling: { n: 2, spoilt: true } });
      expect(await stored()).toEqual({ spoiling: { n: 2, spoilt: true }, version: 2 });
    });

    it.each([
      ['broken', /The merge rule of `broken` failed: no way. Nothing was written/],
      ['unstorable', /rule of `unstorable` failed: .* a function at `unstorable.f`/],
      ['nothing', /rule of `nothing` failed: The rule of `nothing` returned undefined\. .* DELETED/],
      ['later', /rule of `later` failed: The rule of `later` returned a promise/],
      ['bare', /rule of `bare` failed: an object was thrown in place of an error\./],
      ['visits', /rule of `visits` failed: counter\(\) adds finite numbers; mine is of type string\. Nothing was written\. Fix the rule/],
    ])('fails with an error that names the key when a rule fails, and writes nothing: %s', async (key, message) => {
      await given({ [key]: 0, whole: 0 });
      const [one, other] = [await load(), await load()];
      await sessions.commit(Object.assign(one, { [key]: 1 }));
      const failure = await sessions.commit(Object.assign(other, { [key]: 'two', whole: 1 })).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SessionMergeError);
      expect(failure).toMatchObject({ key, message: expect.stringMatching(message), status: 500 });
      expect(await stored()).toEqual({ [key]: 1, whole: 0, version: 1 });
      await sessions.commit(Object.assign(await load(), { after: 1 }));
      expect(await stored()).toMatchObject({ after: 1 });
    });

    it.each([LOST_AFTER, LOST_BEFORE])('AtMostOnce: counts once when the connection was lost: %o', async (fault) => {
      await given({ visits: 0 });
      const live = await load();
      await theirs((session) => {
        session.visits++;
      })();
      repository.faults = { update: [undefined, fault], updateLocked: [fault] };
      live.visits++;
      await sessions.commit(live);
      expect(await stored()).toEqual({ visits: 2, version: 2 });
      await sessions.commit(live);
      expect(await stored()).toEqual({ visits: 2, version: 2 });
    });

    it('never lets a stored name reach a prototype, by any rule', async () => {
      const polluted = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
      await given({ preferences: {}, cart: [], log: [] });
      await race(
        (session) => {
          session.preferences = JSON.parse(polluted);
          session.cart = [{ sku: 'x', ...JSON.parse(polluted) }];
        },
        (session) => {
          session.preferences = JSON.parse(polluted.replaceAll('1', '2'));
          session.cart = [{ sku: 'x', n: 1 }];
        },
      );
      expect(({} as Live).polluted).toBeUndefined();
      const live = await load();
      expect([live.preferences.polluted, live.cart[0].polluted]).toEqual([undefined, undefined]);
      expect(JSON.stringify(live.preferences)).toBe('{"__proto__":{"polluted":2},"constructor":{"prototype":{"polluted":2}}}');
    });
  });

  describe('while a commit is in flight', () => {
    const method = locking === 'optimistic' ? 'update' : 'updateLocked';

    it('what the handler changes is merged by its rule with what others have changed', async () => {
      await given({ visits: 0, log: ['a'], preferences: { x: 0 }, plain: 0 });
      const live = await load();
      await theirs((session) => {
        session.visits += 10;
        session.log.push('b');
        session.preferences.y = 1;
        session.plain = 'theirs';
      })();
      repository.faults[method] = [
        {
          effect: 'none',
          meanwhile: async () => {
            live.visits++;
            live.log.push('d');
            live.preferences.z = 1;
            live.plain = 'mine';
          },
        },
      ];
      live.visits++;
      live.log.push('c');
      await sessions.commit(live);
      expect(await stored()).toEqual({ visits: 11, log: ['a', 'b', 'c'], preferences: { x: 0, y: 1 }, plain: 'theirs', version: 2 });
      expect(valuesOf(live)).toEqual({ visits: 2, log: ['a', 'c', 'd'], preferences: { x: 0, z: 1 }, plain: 'mine' });
      expect(protocolOf(sessions).states.isSettled(live)).toBe(false);
      await sessions.commit(live);
      const expected = { visits: 12, log: ['a', 'b', 'c', 'd'], preferences: { x: 0, y: 1, z: 1 }, plain: 'mine' };
      expect(await stored()).toEqual({ ...expected, version: 3 });
      expect(valuesOf(live)).toEqual(expected);
      await sessions.commit(live);
      expect(await stored()).toMatchObject({ version: 3 });
    });

    it('setting a value that others have set already still counts as a change', async () => {
      await given({ visits: 0 });
      const live = await load();
      await theirs((session) => {
        session.visits++;
      })();
      repository.faults[method] = [
        {
          effect: 'none',
          meanwhile: async () => {
            live.visits = 1;
          },
        },
      ];
      await sessions.commit(Object.assign(live, { other: 1 }));
      expect(await stored()).toMatchObject({ visits: 1 });
      await sessions.commit(live);
      expect(await stored()).toMatchObject({ visits: 2 });
    });

    it('additions, deletions and broken values are left to the next commit', async () => {
      await given({ a: 0, b: 0, c: 0 });
      const live = await load();
      await theirs((session) => {
        session.b = 1;
        session.c = 1;
      })();
      repository.faults[method] = [
        {
          effect: 'none',
          meanwhile: async () => {
            live.added = 1;
            delete live.b;
            live.c = 1n;
          },
        },
      ];
      await sessions.commit(Object.assign(live, { a: 1 }));
      expect(await stored()).toEqual({ a: 1, b: 1, c: 1, version: 2 });
      await expect(sessions.commit(live)).rejects.toThrow(SessionNotSerializableError);
      live.c = 0;
      await sessions.commit(live);
      expect(await stored()).toEqual({ a: 1, added: 1, c: 1, version: 3 });
      expect(valuesOf(live)).toEqual({ a: 1, added: 1, c: 1 });
    });
  });

  describe('update', () => {
    it('runs on the current record, and again on a conflict; returns the result and shows it', async () => {
      await given({ list: ['a'] });
      const live = await load();
      await theirs((session) => {
        session.list.push('b');
        session.other = 1;
      })();
      const length = await sessions.update(live, (draft: Live) => draft.list.push('c'));
      expect(length).toBe(3);
      expect(valuesOf(live)).toEqual({ list: ['a', 'b', 'c'], other: 1 });
      expect(await stored()).toEqual({ list: ['a', 'b', 'c'], other: 1, version: 2 });
      expect(protocolOf(sessions).states.isSettled(live)).toBe(true);
    });

    it('commits what the request changed before along with it, and counts that once', async () => {
      await given({ visits: 0, n: 0 });
      const live = await load();
      await theirs((session) => {
        session.visits++;
        session.n = 5;
      })();
      live.visits++;
      live.set = 1;
      expect(await sessions.update(live, (draft: Live) => (draft.n += draft.visits + draft.set))).toBe(8);
      expect(await stored()).toEqual({ visits: 2, n: 8, set: 1, version: 2 });
      await sessions.commit(live);
      expect(await stored()).toMatchObject({ version: 2 });
    });

    it('adds up, by session and by id, many at once, in one process and in many', async () => {
      await given({ n: 0 });
      const services = Array.from(
        { length: 8 },
        () => serviceOver(new SqlSessionRepository(database.context), { ...RULES, locking }).sessions,
      );
      const increment = (draft: Live) => ++draft.n;
      const byLive = async (service: SessionService) => service.update((await service.load(id)) as object, increment);
      const results = await Promise.all(
        services.flatMap((own) => [byLive(own), own.update(id, increment), byLive(sessions), sessions.update(id, increment)]),
      );
      expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, n) => n + 1));
      expect(await stored()).toMatchObject({ n: 32 });
    });

    it('adds up on one live session too, and with its commits', async () => {
      await given({ n: 0 });
      const live = await load();
      const increment = (draft: Live) => ++draft.n;
      const updates = [sessions.update(live, increment), sessions.update(live, increment)];
      live.own = 1;
      await Promise.all([...updates, sessions.commit(live), sessions.update(live, increment)]);
      expect(valuesOf(live)).toEqual({ n: 3, own: 1 });
      expect(await stored()).toMatchObject({ n: 3, own: 1 });
    });

    it.each([LOST_AFTER, LOST_BEFORE])(
      'AtMostOnce: takes effect once when the connection was lost, and returns what was stored: %o',
      async (fault) => {
        await given({ n: 1 });
        const live = await load();
        repository.faults = { update: [fault], updateLocked: [fault] };
        const token = await sessions.update(live, (draft: Live) => {
          draft.n++;
          return (draft.token = randomUUID());
        });
        expect(await stored()).toEqual({ n: 2, token, version: 1 });
        expect(valuesOf(live)).toEqual({ n: 2, token });
      },
    );

    it('does not decide by an old record, also where it changes nothing', async () => {
      await given({ open: true });
      const live = await load();
      await theirs((session) => {
        session.open = false;
      })();
      expect(await sessions.update(live, (draft: Live) => draft.open)).toBe(false);
      expect(valuesOf(live)).toEqual({ open: false });
      expect(await stored()).toEqual({ open: false, version: 1 });
    });

    it('stores a new session, unless there is nothing to store', async () => {
      const live = create({});
      await sessions.update(live, () => undefined);
      expect(await stored()).toBeUndefined();
      expect(repository.calls).toEqual([]);
      await sessions.update(live, (draft: Live) => {
        draft.n = 1;
      });
      expect(await stored()).toEqual({ n: 1, version: 0 });
      expect(valuesOf(live)).toEqual({ n: 1 });
      await sessions.commit(Object.assign(live, { m: 1 }));
      expect(await stored()).toEqual({ n: 1, m: 1, version: 1 });
    });

    it('throws what the function throws, and writes nothing', async () => {
      await given({ n: 0 });
      const live = await load();
      const refused = Object.assign(new Error('sold out'), { code: 'ECONNRESET' });
      const refuse = (draft: Live) => {
        draft.n++;
        throw refused;
      };
      await expect(sessions.update(live, refuse)).rejects.toBe(refused);
      await expect(sessions.update(id, refuse)).rejects.toBe(refused);
      const outcomes = await Promise.allSettled([sessions.update(live, refuse), sessions.update(live, (draft: Live) => ++draft.n)]);
      expect(outcomes).toMatchObject([
        { status: 'rejected', reason: refused },
        { status: 'fulfilled', value: 1 },
      ]);
      expect(await stored()).toEqual({ n: 1, version: 1 });
    });

    it.each<[string, (draft: Live) => unknown, string]>([
      [
        'a promise',
        async (draft) => {
          draft.n++;
          throw new Error('of the promise');
        },
        'returned a promise',
      ],
      [
        'a cookie',
        (draft) => {
          draft.cookie = {};
        },
        '`cookie`',
      ],
      [
        'a reserved name',
        (draft) => {
          draft.save = 1;
        },
        '`save`',
      ],
      [
        'what cannot be stored',
        (draft) => {
          draft.n = 1n;
        },
        'a bigint at `n`',
      ],
    ])('refuses %s, and writes nothing', async (_what, change, message) => {
      await given({ n: 0 });
      await expect(sessions.update(id, change)).rejects.toThrow(message);
      expect(await stored()).toEqual({ n: 0, version: 0 });
    });

    it('refuses an object that is no live session', async () => {
      await expect(sessions.update({}, () => undefined)).rejects.toThrow(TypeError);
    });

    it('NoResurrection: says that the session is gone, and brings nothing back', async () => {
      await expect(sessions.update(randomUUID(), () => undefined)).rejects.toThrow(SessionGoneError);
      await given({ n: 0 });
      const live = await load();
      await sessions.destroy(id);
      const increment = (draft: Live) => ++draft.n;
      await expect(sessions.update(live, increment)).rejects.toThrow(/it was destroyed or has expired/);
      await expect(sessions.update(live, increment)).rejects.toThrow(SessionGoneError);
      await expect(sessions.update(id, increment)).rejects.toThrow(SessionGoneError);
      expect(await stored()).toBeUndefined();
    });

    it('NoResurrection: not when the record goes away between its load and its write', async () => {
      await given({ n: 0 });
      const destroy = () => database.run(`delete from {table} where session_id = '${storageKeyOf(id)}'`);
      repository.faults = { update: [{ effect: 'none', meanwhile: destroy }], updateLocked: [{ effect: 'none', meanwhile: destroy }] };
      await expect(sessions.update(id, (draft: Live) => ++draft.n)).rejects.toThrow(SessionGoneError);
      expect(await stored()).toBeUndefined();
    });

    it('carries stored names along that a session cannot hold', async () => {
      await given({ n: 0 });
      await database.run(`update {table} set data = '{"n":0,"save":1}' where session_id = '${storageKeyOf(id)}'`);
      await sessions.update(id, (draft: Live) => ++draft.n);
      expect(await stored()).toEqual({ n: 1, save: 1, version: 1 });
    });

    it('BoundedOutcome: gives the session up when the outcome is unknown', async () => {
      await given({ n: 0 });
      const live = await load();
      const lost = {
        ...LOST_AFTER,
        meanwhile: theirs((session) => {
          session.other = 1;
        }),
      };
      repository.faults = { update: [lost], updateLocked: [lost] };
      await expect(sessions.update(live, (draft: Live) => ++draft.n)).rejects.toThrow(/unknown/);
      await expect(sessions.update(live, (draft: Live) => ++draft.n)).rejects.toThrow(SessionUnavailableError);
      expect(await stored()).toEqual({ n: 1, other: 1, version: 2 });
    });

    it('takes the lock after three lost races', async () => {
      await given({ n: 0 });
      const live = await load();
      const lostRace: Fault = {
        effect: 'none',
        meanwhile: theirs((session) => {
          session.others = (session.others ?? 0) + 1;
        }),
      };
      repository.faults.update = [lostRace, lostRace, lostRace];
      expect(await sessions.update(live, (draft: Live) => ++draft.n)).toBe(1);
      expect(writes().at(-1)).toBe('updateLocked');
      expect(await stored()).toMatchObject({ n: 1 });
    });

    it.each(['after the look', 'before the lock'])(
      'AtMostOnce: says that the outcome is unknown when an attempt landed late, %s, and was written over',
      async (when) => {
        await given({ n: 0 });
        const live = await load();
        const plain = new SqlSessionRepository(database.context);
        let late: (() => Promise<unknown>) | undefined;
        const isLocked = locking === 'pessimistic';
        const known = (await plain.load(storageKeyOf(id)))!;
        const lost = (change: any) => {
          late = async () => {
            late = undefined;
            await plain.update(storageKeyOf(id), known, change);
            await theirs((session) => {
              session.other = 1;
            })();
          };
          throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
        };
        const original = { update: repository.update, updateLocked: repository.updateLocked, loadLocked: repository.loadLocked };
        let attempts = 0;
        repository.update = async (key, seen, change) =>
          ++attempts === 1 ? lost(change) : original.update.call(repository, key, seen, change);
        repository.updateLocked = async (key, decide) => {
          if (++attempts > 1) {
            if (when === 'before the lock') await late?.();
            return original.updateLocked.call(repository, key, decide);
          }
          const record = await plain.load(key);
          return lost(record && decide(record));
        };
        repository.loadLocked = async (key) => {
          const record = await original.loadLocked.call(repository, key);
          if (when === 'after the look' || !isLocked) await late?.();
          return record;
        };
        repository.classify = (error) => ((error as { code?: string }).code === 'ECONNRESET' ? 'unknown' : 'failed');
        await expect(sessions.update(live, (draft: Live) => ++draft.n)).rejects.toThrow(/unknown/);
        expect(await stored()).toEqual({ n: 1, other: 1, version: 2 });
      },
    );

    it('AtMostOnce: does not know whether a lost insert was its own, where nothing counts the versions', async () => {
      const unversioned = Object.assign(Object.create(database.context), { isVersioned: false }) as typeof database.context;
      repository = new FaultyRepository(unversioned);
      sessions = serviceOver(repository, { ...RULES, locking: 'pessimistic' }).sessions;
      const others = serviceOver(new SqlSessionRepository(unversioned), { ...RULES, locking: 'pessimistic' }).sessions;
      repository.faults.insert = [
        {
          ...LOST_AFTER,
          meanwhile: () =>
            others.update(id, (draft: Live) => {
              draft.other = 1;
            }),
        },
      ];
      await expect(sessions.update(create({ n: 0 }), (draft: Live) => ++draft.n)).rejects.toThrow(/unknown/);
      expect(await stored()).toMatchObject({ n: 1, other: 1 });
    });

    it('AtMostOnce: looks at what the last attempt has done too', async () => {
      setUp({ maxAttempts: 1 });
      await given({ n: 0 });
      repository.faults = { update: [LOST_AFTER], updateLocked: [LOST_AFTER] };
      expect(await sessions.update(await load(), (draft: Live) => ++draft.n)).toBe(1);
      expect(await stored()).toMatchObject({ n: 1 });
    });

    it('fails none of those that wait for it, and a commit that waits is its own', async () => {
      setUp({
        maxBytes: 1000,
        userId: (session) => {
          if (session.wrong) throw new Error('no user');
          return null;
        },
      });
      await given({ n: 0 });
      const live = await load();
      const outcomes = await Promise.allSettled([
        sessions.update(live, (draft: Live) => {
          draft.big = 'x'.repeat(2000);
        }),
        sessions.update(live, (draft: Live) => ++draft.n),
        sessions.update(live, (draft: Live) => {
          draft.wrong = 1;
        }),
        sessions.commit(Object.assign(live, { own: 1 })),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
      expect(await stored()).toMatchObject({ n: 1, own: 1 });
    });

    it('does not refuse by an old record', async () => {
      await given({ stock: 0 });
      const live = await load();
      await theirs((session) => {
        session.stock = 5;
      })();
      const take = (draft: Live) => {
        if (draft.stock === 0) throw new Error('sold out');
        return --draft.stock;
      };
      expect(await sessions.update(live, take)).toBe(4);
      expect(await stored()).toEqual({ stock: 4, version: 2 });
    });

    it('needs no second attempt to change nothing', async () => {
      setUp({ maxAttempts: 1 });
      await given({ n: 1 });
      expect(await sessions.update(await load(), (draft: Live) => draft.n)).toBe(1);
    });

    it('AtMostOnce: recognizes its own attempt that lands late, when it has taken the lock', async () => {
      if (locking === 'pessimistic' || databaseName === 'sqlite') return;
      await given({ n: 0 });
      const live = await load();
      let late: Parameters<typeof repository.update> | undefined;
      const update = repository.update.bind(repository);
      repository.update = async (...parameters) => {
        late ??= parameters;
        return update(...parameters);
      };
      const land = async () => {
        await new SqlSessionRepository(database.context).update(...late!);
      };
      repository.faults = { update: [LOST_BEFORE, LOST_BEFORE, LOST_BEFORE], updateLocked: [{ effect: 'none', meanwhile: land }] };
      const token = await sessions.update(live, (draft: Live) => {
        draft.n++;
        return (draft.token = randomUUID());
      });
      expect(await stored()).toEqual({ n: 1, token, version: 1 });
    });
  });

  it('keeps a max age that the handler takes back while a commit is in flight', async () => {
    await given({ a: 1 });
    const live = await load();
    live.cookie.originalMaxAge = 3_600_000;
    const method = locking === 'optimistic' ? 'update' : 'updateLocked';
    repository.faults[method] = [
      {
        effect: 'none',
        meanwhile: async () => {
          live.cookie.originalMaxAge = null;
        },
      },
    ];
    await sessions.commit(live);
    expect((await load()).cookie.originalMaxAge).toBe(3_600_000);
    expect(live.cookie.originalMaxAge).toBeNull();
    await sessions.commit(live);
    expect((await load()).cookie.originalMaxAge).toBeNull();
  });

  it('Lifetime: a touch by an older max age does not lengthen a session that was shortened', async () => {
    const DAY = 86_400_000;
    await given({ a: 1, cookie: { originalMaxAge: 30 * DAY } });
    await database.run(`update {table} set expires_at = ${database.context.dialect.fromNow(String(20 * DAY))}`);
    const [slow, shortening] = [await load(), await load()];
    shortening.cookie.originalMaxAge = 3_600_000;
    await sessions.commit(shortening);
    await protocolOf(sessions).toucher.touch(id, slow);
    expect(((await repository.load(storageKeyOf(id)))?.remaining ?? 0) / 3_600_000).toBeCloseTo(1, 1);
  });

  it('says that the connection was lost, and not that others were faster, when it was', async () => {
    setUp({ maxAttempts: 2 });
    await given({ n: 0 });
    const live = await load();
    if (locking === 'pessimistic') {
      repository.faults.updateLocked = [LOST_BEFORE, LOST_BEFORE];
      await expect(sessions.commit(Object.assign(live, { n: 1 }))).rejects.toThrow(
        /injected: unknown. None of 2 attempts succeeded, and nothing was written/,
      );
    }
    repository.faults.insert = [
      {
        effect: 'none',
        meanwhile: async () => {
          repository.removeExpired = async () => {
            throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
          };
        },
      },
    ];
    repository.classify = () => 'unknown';
    await expect(protocolOf(sessions).stored.replace(id, { n: 2 })).resolves.toBeUndefined();
    expect(await stored()).toMatchObject({ n: 2 });
  });

  it('replaces a record that cannot be read', async () => {
    await given({ a: 1 });
    await database.run(`update {table} set data = 'nonsense' where session_id = '${storageKeyOf(id)}'`);
    await protocolOf(sessions).stored.replace(id, { a: 2 });
    expect(await stored()).toMatchObject({ a: 2 });
  });

  it('names the key of a value that is nested too deep', async () => {
    let value: unknown = 1;
    for (let depth = 0; depth < 20_000; depth++) value = [value];
    await expect(given({ cart: value })).rejects.toThrow('nested more than 200 levels deep at `cart`');
  });

  it('lastWins() is what a key without a rule does', async () => {
    setUp({ merge: { a: lastWins() } as Record<string, any> });
    await given({ a: 0, b: 0 });
    await race(
      (session) => {
        session.a = 1;
        session.b = 1;
      },
      (session) => {
        session.a = 2;
        session.b = 2;
      },
    );
    expect(await stored()).toEqual({ a: 2, b: 2, version: 2 });
  });
});
