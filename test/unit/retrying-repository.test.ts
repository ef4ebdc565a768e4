import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import { Deadline } from '../../src/batching/deadline.js';
import { RetryingRepository } from '../../src/batching/retrying-repository.js';
import {
  SessionUnavailableError,
  SmartSessionOptions,
  SqlSessionRepository,
  type FailureKind,
  type RecordChange,
} from '../../src/index.js';
import type { DatabaseContext } from '../../src/persistence/database-context.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { NotedBackoff } from '../support/noted-backoff.js';
import { SessionsDatabase } from '../support/sessions-database.js';

const TIMEOUT = 4000;
const options = new SmartSessionOptions({ secret: 'x', timeout: TIMEOUT });

class RolledBackError extends Error {
  constructor(readonly kind: FailureKind) {
    super(kind);
  }
}

/** The first `destroySome` loses its transaction after `choose` was asked. */
class RollingBackRepository extends SqlSessionRepository {
  #isFirst = true;

  constructor(
    context: DatabaseContext,
    readonly kind: FailureKind,
    readonly meanwhile?: () => Promise<unknown>,
  ) {
    super(context);
  }

  override async destroySome(userId: string, choose: (keys: readonly string[]) => readonly string[]): Promise<number> {
    if (!this.#isFirst) return super.destroySome(userId, choose);
    this.#isFirst = false;
    choose((await this.list(userId)).map(({ storageKey }) => storageKey));
    await this.meanwhile?.();
    throw new RolledBackError(this.kind);
  }

  override classify(error: unknown): FailureKind {
    return error instanceof RolledBackError ? error.kind : super.classify(error);
  }
}

const changeOf = (overrides: Partial<RecordChange> = {}): RecordChange => ({
  data: '{}',
  commitId: randomUUID(),
  userId: 'ada',
  maxAge: null,
  lifetime: { ms: 60_000, slack: 0, explicit: true },
  ...overrides,
});

let database: SessionsDatabase;
let repository: FaultyRepository;
let backoff: NotedBackoff;
let retrying: RetryingRepository;

beforeAll(async () => {
  database = await SessionsDatabase.open('sqlite', 'unit_retrying');
});
afterAll(() => database.close());

beforeEach(async () => {
  await database.run('delete from {table}');
  repository = new FaultyRepository(database.context);
  backoff = new NotedBackoff();
  retrying = new RetryingRepository(repository, backoff, options);
});

/** Inserts records of one user, the first one first. */
async function insert(...keys: string[]): Promise<void> {
  for (const [n, key] of keys.entries()) {
    await repository.insert(key, changeOf());
    await database.run(`update {table} set created_at = created_at + ${n}000 where session_id = ?`, [key]);
  }
  repository.calls.length = 0;
}

const loaded = (key: string) => repository.load(key);

describe('a statement', () => {
  it('is sent once if the database answers', async () => {
    await insert('a');
    await expect(retrying.load('a')).resolves.toMatchObject({ data: '{}', version: 0 });
    expect(repository.calls).toEqual(['load']);
    expect(backoff.failed).toEqual([]);
  });

  it.each(['rolled-back', 'not-done', 'unknown'] as const)('is sent again after it failed as %s', async (kind) => {
    await insert('a');
    repository.faults.load = [{ kind, effect: 'none' }];
    await expect(retrying.load('a')).resolves.toMatchObject({ data: '{}' });
    expect(repository.calls).toEqual(['load', 'load']);
    expect(backoff.failed).toEqual([1]);
  });

  it('is sent three times at most, and its last error is the cause', async () => {
    repository.faults.load = (['rolled-back', 'unknown', 'not-done', 'unknown'] as const).map((kind) => ({ kind, effect: 'none' }));
    const outcome = retrying.load('a');
    await expect(outcome).rejects.toThrow(SessionUnavailableError);
    await expect(outcome).rejects.toThrow('Could not load the session: the database reported an error: injected: not-done.');
    await expect(outcome).rejects.toMatchObject({ cause: { message: 'injected: not-done' } });
    expect(repository.calls).toEqual(['load', 'load', 'load']);
    expect(backoff.failed).toEqual([1, 2]);
  });

  it('is not sent again if that does not help', async () => {
    repository.faults.load = [{ kind: 'failed', effect: 'none' }];
    await expect(retrying.load('a')).rejects.toThrow(SessionUnavailableError);
    expect(repository.calls).toEqual(['load']);
    expect(backoff.failed).toEqual([]);
  });

  it('names the operation of its caller in the error', async () => {
    repository.faults.load = [{ kind: 'failed', effect: 'none' }];
    await expect(retrying.load('a', { operation: 'commit' })).rejects.toThrow('Could not commit the session');
  });
});

describe('a call that the database does not answer', () => {
  beforeEach(() => void vi.useFakeTimers({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
  afterEach(() => void vi.useRealTimers());

  const silence = () => new Promise<never>(() => {});

  it.each([
    { limits: undefined, ms: TIMEOUT, title: 'the option `timeout`' },
    { limits: { timeout: 100 }, ms: 100, title: 'its own timeout' },
  ])('rejects after $title', async ({ limits, ms }) => {
    repository.faults.load = [{ effect: 'none', meanwhile: silence }];
    let error: unknown;
    retrying.load('a', limits).catch((thrown: unknown) => (error = thrown));
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(error).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(error).toBeInstanceOf(SessionUnavailableError);
    expect((error as Error).message).toContain(`the database did not answer within ${ms} ms`);
  });
});

describe("a call with its caller's deadline", () => {
  it('begins no attempt after the deadline', async () => {
    const deadline = new Deadline('commit', TIMEOUT);
    const reason = new Error('the caller has stopped');
    repository.faults.load = [{ kind: 'rolled-back', effect: 'none', meanwhile: async () => deadline.pass(reason) }];
    await expect(retrying.load('a', { deadline })).rejects.toBe(reason);
    expect(repository.calls).toEqual(['load']);
    await expect(retrying.load('a', { deadline })).rejects.toBe(reason);
    expect(repository.calls).toEqual(['load']);
  });
});

describe('a destroyed record', () => {
  it('is returned with its user, and undefined if there was none', async () => {
    await insert('a');
    await expect(retrying.destroy('a')).resolves.toMatchObject({ userId: 'ada' });
    await expect(retrying.destroy('a')).resolves.toBeUndefined();
    await expect(loaded('a')).resolves.toBeUndefined();
  });

  it('is returned without a user if an attempt whose outcome is unknown has destroyed it', async () => {
    await insert('a');
    repository.faults.destroy = [{ kind: 'unknown', effect: 'done' }];
    await expect(retrying.destroy('a')).resolves.toEqual({});
    expect(repository.calls).toEqual(['destroy', 'destroy', 'settle']);
  });

  it('is returned only when the synchronous standby has the deletion', async () => {
    await insert('a');
    repository.faults.destroy = [{ kind: 'unknown', effect: 'done' }];
    repository.faults.settle = [{ kind: 'failed', effect: 'none' }];
    await expect(retrying.destroy('a')).rejects.toThrow(SessionUnavailableError);
  });

  it('is returned with its user if that attempt has not', async () => {
    await insert('a');
    repository.faults.destroy = [{ kind: 'unknown', effect: 'none' }];
    await expect(retrying.destroy('a')).resolves.toMatchObject({ userId: 'ada' });
  });

  it('is returned too if a later attempt is known to have failed', async () => {
    await insert('a');
    repository.faults.destroy = [
      { kind: 'unknown', effect: 'done' },
      { kind: 'rolled-back', effect: 'none' },
    ];
    await expect(retrying.destroy('a')).resolves.toEqual({});
  });

  it('is not returned if it was absent after an attempt that is known to have failed', async () => {
    repository.faults.destroy = [{ kind: 'rolled-back', effect: 'none' }];
    await expect(retrying.destroy('a')).resolves.toBeUndefined();
  });
});

describe('an ended record', () => {
  const known = async () => (await loaded('a'))!;

  it('is ended only in the state that the caller knows', async () => {
    await insert('a');
    const record = await known();
    await expect(retrying.end('a', { ...record, version: 7 }, 'end')).resolves.toBe(false);
    await expect(retrying.end('a', record, 'end')).resolves.toBe(true);
    await expect(retrying.isEndedBy('a', 'end')).resolves.toBe(true);
    await expect(retrying.isEndedBy('a', 'other')).resolves.toBe(false);
  });

  it('is of unknown outcome if an attempt was not answered and the next finds it gone', async () => {
    await insert('a');
    repository.faults.end = [{ kind: 'unknown', effect: 'done' }];
    await expect(retrying.end('a', await known(), 'end')).resolves.toBe('unknown');
    await expect(retrying.isEndedBy('a', 'end')).resolves.toBe(true);
  });

  it('is ended if the unanswered attempt did nothing', async () => {
    await insert('a');
    repository.faults.end = [{ kind: 'unknown', effect: 'none' }];
    await expect(retrying.end('a', await known(), 'end')).resolves.toBe(true);
  });

  it("is another's after an attempt that is known to have failed", async () => {
    await insert('a');
    const record = await known();
    repository.faults.end = [{ kind: 'rolled-back', effect: 'none', meanwhile: () => repository.update('a', record, changeOf()) }];
    await expect(retrying.end('a', record, 'end')).resolves.toBe(false);
  });
});

describe('records of a user that are destroyed', () => {
  const keys = (set: ReadonlySet<string>) => [...set].toSorted();

  it('are those that were chosen among all, newest first', async () => {
    await insert('old', 'middle', 'new');
    const offered: (readonly string[])[] = [];
    const destroyed = await retrying.destroySome('ada', (all) => {
      offered.push(all);
      return all.slice(1);
    });
    expect(offered).toEqual([['new', 'middle', 'old']]);
    expect(keys(destroyed)).toEqual(['middle', 'old']);
    await expect(loaded('new')).resolves.toBeDefined();
    await expect(loaded('old')).resolves.toBeUndefined();
  });

  it('are returned if an attempt whose outcome is unknown has destroyed them', async () => {
    await insert('a', 'b', 'c');
    repository.faults.destroySome = [{ kind: 'unknown', effect: 'done' }];
    const destroyed = await retrying.destroySome('ada', (all) => all.filter((key) => key !== 'c'));
    expect(keys(destroyed)).toEqual(['a', 'b']);
    expect(repository.calls.at(-1)).toBe('settle');
  });

  it('are all destroyed, and settled after an attempt whose outcome is unknown', async () => {
    await insert('a', 'b');
    vi.spyOn(repository, 'clear').mockRejectedValueOnce(new RolledBackError('unknown'));
    vi.spyOn(repository, 'classify').mockReturnValueOnce('unknown');
    await retrying.clear();
    expect(repository.calls).toEqual(['settle']);
    await expect(loaded('a')).resolves.toBeUndefined();
  });

  describe('after a transaction that has chosen, and was then rolled back', () => {
    const rolledBack = (kind: FailureKind, meanwhile?: () => Promise<unknown>) =>
      new RetryingRepository(new RollingBackRepository(database.context, kind, meanwhile), backoff, options);

    it.each(['unknown', 'rolled-back'] as const)('are not those that are still there and are not chosen again (%s)', async (kind) => {
      await insert('a', 'b');
      const choices = [['a', 'b'], ['b']];
      const destroyed = await rolledBack(kind).destroySome('ada', () => choices.shift()!);
      expect(keys(destroyed)).toEqual(['b']);
      await expect(loaded('a')).resolves.toBeDefined();
    });

    it.each([
      { kind: 'unknown', expected: ['a', 'b'], title: 'are also those that are gone' },
      { kind: 'rolled-back', expected: ['b'], title: 'are not those that another call has destroyed' },
    ] as const)('$title ($kind)', async ({ kind, expected }) => {
      await insert('a', 'b');
      const destroyed = await rolledBack(kind, () => repository.destroy('a')).destroySome('ada', (all) => all);
      expect(keys(destroyed)).toEqual(expected);
    });
  });
});

describe('a statement for many records', () => {
  it('loads them, and is the statement for one record if there is only one key', async () => {
    await insert('a', 'b');
    await expect(retrying.loadMany(['a'])).resolves.toEqual(new Map([['a', expect.objectContaining({ data: '{}' })]]));
    expect(repository.calls).toEqual(['load']);
    await expect(retrying.loadMany(['absent'])).resolves.toEqual(new Map([['absent', undefined]]));
    const both = await retrying.loadMany(['a', 'b', 'absent']);
    expect([...both.keys()].toSorted()).toEqual(['a', 'b']);
    expect(repository.calls).toEqual(['load', 'load', 'loadMany']);
  });

  it('touches them, and is the statement for one record if there is only one key', async () => {
    await insert('a', 'b');
    const lifetime = { ms: 600_000, slack: 0, explicit: false };
    await retrying.touchMany(['a'], lifetime);
    expect(repository.calls).toEqual(['touch']);
    await retrying.touchMany(['a', 'b'], lifetime);
    expect(repository.calls).toEqual(['touch', 'touchMany']);
    expect((await loaded('b'))!.remaining).toBeGreaterThan(60_000);
  });
});

describe('an insert', () => {
  it('has a change of its own in each attempt', async () => {
    repository.faults.insert = [{ kind: 'rolled-back', effect: 'none' }];
    const commitIds = ['first', 'second'];
    const insertion = () => changeOf({ commitId: commitIds.shift()! });
    await expect(retrying.insert('a', insertion, {})).resolves.toBe(true);
    await expect(loaded('a')).resolves.toMatchObject({ commitId: 'second' });
    await expect(retrying.insert('a', () => changeOf(), {})).resolves.toBe(false);
  });
});
