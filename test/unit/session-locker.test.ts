import { Logger } from '@nestjs/common';
import { vi } from 'vitest';
import { Backoff } from '../../src/batching/backoff.js';
import {
  SessionGoneError,
  SessionInTransactionError,
  SessionLockLostError,
  SessionLockedError,
  SessionUnavailableError,
  type SessionService,
} from '../../src/index.js';
import type { LiveSessions } from '../../src/live/live-sessions.js';
import { LockAcquirer } from '../../src/locking/lock-acquirer.js';
import type { SessionLocker, Unlock } from '../../src/locking/session-locker.js';
import { LiveCommitter } from '../../src/protocol/live-committer.js';
import { FAILED, FaultyRepository, type Fault } from '../support/faulty-repository.js';
import { gate } from '../support/gate.js';
import { OtherProcess } from '../support/other-process.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

const LIMITS = { timeout: 1000, lease: 300, maxWaiting: 1 };

/** Waits as long as it may, on the clock of the test. */
class LongestBackoff extends Backoff {
  readonly waits: [attempt: number, longest: number | undefined][] = [];
  /** What another process does during the next waits. */
  readonly meanwhile: (() => Promise<unknown>)[] = [];

  override async wait(attempt: number, longest?: number): Promise<void> {
    this.waits.push([attempt, longest]);
    await this.meanwhile.shift()?.();
    await vi.advanceTimersByTimeAsync(longest ?? 0);
  }
}

describe('a lock', () => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let backoff: LongestBackoff;
  let sessions: SessionService;
  let lives: LiveSessions;
  let locker: SessionLocker;
  let committer: LiveCommitter;
  let acquirer: LockAcquirer;
  let others: OtherProcess;
  let session: Live;
  let lines: string[];

  beforeAll(async () => void (database = await SessionsDatabase.open('sqlite', 'session_locker')));
  afterAll(() => database.close());

  beforeEach(async () => {
    vi.useFakeTimers({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date'] });
    lines = [];
    for (const level of ['error', 'warn'] as const)
      vi.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => void lines.push(`${level}: ${String(line)}`));
    others = new OtherProcess(database, 'id');
    await database.run('delete from {table}');
    await others.insert({ n: 0 });
    setUp();
    session = await load();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  function setUp(isInTransaction?: () => boolean): void {
    repository = new FaultyRepository(database.context);
    backoff = new LongestBackoff();
    const services = serviceOver(repository, { hashIds: false }, backoff, undefined, isInTransaction);
    ({ sessions, locker, live: lives } = services);
    committer = services.get(LiveCommitter);
    acquirer = services.get(LockAcquirer);
  }

  /** Loads the session as a request does. */
  async function load(): Promise<Live> {
    const loaded = (await sessions.load('id')) as Live;
    repository.calls.length = 0;
    return loaded;
  }

  const lock = async (locked: Live = session, limits = LIMITS) => (await locker.lock(locked, limits)) as Unlock;
  const leaseId = async () => (await database.run('select lease_id from {table}'))[0]?.lease_id;
  const endLease = () => database.run(`update {table} set lease_expires_at = ${database.context.dialect.fromNow('-1000')}`);
  const extensions = () => repository.calls.filter((call) => call === 'extend').length;
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('is a lease of the record, which ends with the lock', async () => {
    const unlock = await lock();
    expect(await leaseId()).toBe(lives.of(session).leaseId);
    expect(await leaseId()).toEqual(expect.any(String));
    await unlock();
    expect(await leaseId()).toBeNull();
    expect(lives.of(session).leaseId).toBeUndefined();
    expect(repository.calls).toEqual(['lease', 'release']);
  });

  it('ends once', async () => {
    const unlock = await lock();
    await Promise.all([unlock(), unlock(), unlock(false)]);
    expect(repository.calls).toEqual(['lease', 'release']);
    expect(lives.of(session).isClosed).toBe(false);
  });

  it('is not released again if the last commit has done so', async () => {
    const unlock = await lock();
    session.n = 1;
    await committer.commitForResponse(session, undefined, true);
    expect(await leaseId()).toBeNull();
    await others.lease('theirs');
    await unlock();
    expect(repository.calls).toEqual(['lease', 'updateAndRelease']);
    expect(await leaseId()).toBe('theirs');
  });

  it('is not needed for a session that is not stored', async () => {
    expect(await locker.lock({ id: 'new' }, LIMITS)).toBeUndefined();
    expect(repository.calls).toEqual([]);
  });

  it('shows the session what others have stored before', async () => {
    await others.set({ theirs: 1 });
    await lock();
    expect(session).toMatchObject({ n: 0, theirs: 1 });
  });

  it('takes two calls of a repository that cannot do both at once', async () => {
    Object.assign(repository, { leaseAndLoad: undefined });
    await others.set({ theirs: 1 });
    const unlock = await lock();
    expect(session).toMatchObject({ n: 0, theirs: 1 });
    await unlock();
    expect(repository.calls).toEqual(['load', 'release']);
  });

  it('is refused inside a transaction of the app', async () => {
    let isOpen = false;
    setUp(() => isOpen);
    session = await load();
    isOpen = true;
    await expect(lock()).rejects.toThrow(SessionInTransactionError);
    expect(repository.calls).toEqual([]);
  });

  describe('that another request of this process has', () => {
    let unlock: Unlock;
    let second: Live;

    beforeEach(async () => {
      unlock = await lock();
      second = await load();
    });

    it('comes when that one ends it, without a query before', async () => {
      const waiting = lock(second);
      await settled();
      expect(repository.calls).toEqual([]);
      await unlock();
      await waiting;
      expect(repository.calls).toEqual(['release', 'lease']);
    });

    it('is refused after `timeout`, and blocks no later request', async () => {
      const waiting = expect(lock(second)).rejects.toThrow(
        'is locked: other requests of this process have held it for 1000 ms, its `timeout`. The handler did not run',
      );
      await vi.advanceTimersByTimeAsync(1000);
      await waiting;
      await unlock();
      await lock(await load());
    });

    it('is refused if `maxWaiting` others wait', async () => {
      const waiting = lock(second);
      const refused = lock(await load());
      await expect(refused).rejects.toThrow(SessionLockedError);
      await expect(refused).rejects.toThrow('its queue in this process is full (`maxWaiting` is 1)');
      await unlock();
      await waiting;
    });
  });

  describe('that another process has', () => {
    beforeEach(() => others.lease('theirs'));

    it('is asked for again, until that one ends it', async () => {
      const release = () => database.run('update {table} set lease_id = null');
      backoff.meanwhile.push(async () => {}, release);
      await lock();
      expect(backoff.waits).toEqual([
        [1, 50],
        [2, 50],
      ]);
      expect(repository.calls).toEqual(['lease', 'load', 'lease', 'load', 'lease']);
    });

    it('is asked for up to `timeout`, and blocks no later request', async () => {
      const refused = lock(session, { ...LIMITS, timeout: 120 });
      await expect(refused).rejects.toThrow(SessionLockedError);
      await expect(refused).rejects.toThrow('another process has held it for 120 ms, its `timeout`.');
      expect(backoff.waits).toEqual([
        [1, 50],
        [2, 50],
        [3, 20],
      ]);
      expect(repository.calls).not.toContain('release');
      await endLease();
      await lock();
    });

    it('is refused if the session ends meanwhile, and blocks no later request', async () => {
      backoff.meanwhile.push(() => others.destroy());
      const refused = lock();
      await expect(refused).rejects.toThrow(SessionGoneError);
      await expect(refused).rejects.toThrow('Could not lock session');
      expect(repository.calls).not.toContain('release');
      await others.insert({ n: 0 });
      await lock(await load());
    });
  });

  it('is given back if another session has begun under the same id', async () => {
    await others.destroy();
    await others.insert({ other: 1 });
    await expect(lock()).rejects.toThrow(SessionGoneError);
    expect(repository.calls).toEqual(['lease', 'release']);
    await lock(await load());
  });

  it('is given back if the record cannot be read', async () => {
    await others.garble();
    await expect(lock()).rejects.toThrow(SessionGoneError);
    expect(await leaseId()).toBeNull();
  });

  it('is given back before the request learns that there is none', async () => {
    await others.garble();
    const held = gate();
    repository.faults = { release: [held.fault] };
    let hasFailed = false;
    const failing = lock().catch(() => (hasFailed = true));
    await held.arrived;
    await settled();
    expect(hasFailed).toBe(false);
    held.open();
    await failing;
    expect(hasFailed).toBe(true);
  });

  it('is given back, as far as it was taken, if the database fails', async () => {
    const lost: Fault = { kind: 'unknown', effect: 'done' };
    repository.faults.lease = [lost, lost, lost];
    await expect(lock()).rejects.toThrow(SessionUnavailableError);
    await settled();
    expect(await leaseId()).toBeNull();
    await lock();
  });

  it('counts a failure of the database as an outage', async () => {
    repository.faults.lease = [FAILED];
    await expect(lock()).rejects.toThrow(SessionUnavailableError);
    expect(lines).toEqual([expect.stringContaining('error: Sessions are unavailable: 1 × lock failed.')]);
  });

  describe('while the handler runs', () => {
    it('is extended three times within its lease, until it ends', async () => {
      const unlock = await lock();
      await vi.advanceTimersByTimeAsync(299);
      expect(extensions()).toBe(2);
      await vi.advanceTimersByTimeAsync(1);
      expect(extensions()).toBe(3);
      await unlock();
      await vi.advanceTimersByTimeAsync(1000);
      expect(extensions()).toBe(3);
    });

    it('leaves no timer behind when it ends', async () => {
      const before = vi.getTimerCount();
      const unlock = await lock();
      unlock.withLease();
      await unlock();
      await settled();
      expect(vi.getTimerCount()).toBe(before);
    });

    it('does not keep the process running', async () => {
      const timers = vi.spyOn(globalThis, 'setInterval');
      await lock();
      expect(timers.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef())).toEqual([false]);
    });

    it('goes on if it could not be extended once, which is logged', async () => {
      await lock();
      repository.faults.extend = [FAILED];
      await vi.advanceTimersByTimeAsync(200);
      expect(extensions()).toBe(2);
      expect(lines).toEqual([
        expect.stringMatching(/^warn: The lease of record \w{8}… was not extended: SessionUnavailableError: .*injected: failed/),
      ]);
    });

    it('is not extended after the shutdown of the app', async () => {
      const before = vi.getTimerCount();
      const unlock = await lock();
      acquirer.onApplicationShutdown();
      expect(vi.getTimerCount()).toBe(before);
      await vi.advanceTimersByTimeAsync(1000);
      unlock.withLease();
      await settled();
      expect(extensions()).toBe(0);
    });
  });

  it('ends for this process although it could not be released, which is logged', async () => {
    const unlock = await lock();
    repository.faults.release = [FAILED];
    await unlock();
    expect(lines).toEqual([expect.stringMatching(/^warn: The lease of record \w{8}… was not released, and ends by itself: /)]);
    await endLease();
    await lock(await load());
  });

  describe('that ends with its lease', () => {
    it('is extended once more, and lets the next request in after that time', async () => {
      const unlock = await lock();
      unlock.withLease();
      const second = await load();
      const waiting = lock(second);
      await vi.advanceTimersByTimeAsync(299);
      expect(extensions()).toBe(0);
      expect(repository.calls).toEqual([]);
      await endLease();
      await vi.advanceTimersByTimeAsync(1);
      await waiting;
      expect(repository.calls).toEqual(['lease']);
    });

    it('can be ended earlier', async () => {
      const unlock = await lock();
      unlock.withLease();
      expect(extensions()).toBe(1);
      const waiting = lock(await load());
      await unlock();
      await waiting;
      expect(repository.calls).toEqual(['release', 'lease']);
    });
  });

  describe('that ends while the handler may still run', () => {
    it('stores what the handler has changed so far, before it is released', async () => {
      const unlock = await lock();
      session.before = 1;
      await unlock(false);
      expect(await others.stored()).toEqual({ n: 0, before: 1, version: 1 });
      expect(repository.calls).toEqual(['lease', 'update', 'release']);
    });

    it('stores nothing that the handler changes later', async () => {
      const unlock = await lock();
      await unlock(false);
      session.after = 1;
      await expect(sessions.commit(session)).rejects.toThrow(SessionLockLostError);
      expect(await others.stored()).toEqual({ n: 0, version: 0 });
    });

    it('is extended until its changes are stored', async () => {
      const unlock = await lock();
      const held = gate();
      repository.faults.update = [held.fault];
      session.before = 1;
      const unlocked = unlock(false);
      await held.arrived;
      await vi.advanceTimersByTimeAsync(100);
      expect(extensions()).toBe(1);
      held.open();
      await unlocked;
      expect(await others.stored()).toMatchObject({ before: 1 });
    });

    it('ends although its changes could not be stored, which is logged', async () => {
      const unlock = await lock();
      session.before = 1;
      repository.faults.update = [FAILED];
      await unlock(false);
      expect(lines.at(-1)).toMatch(/^error: Record \w{8}… was not stored when its lock ended: /);
      expect(await leaseId()).toBeNull();
      expect(lives.of(session).isClosed).toBe(true);
    });

    it('stores the changes of the session that a reload has put in place', async () => {
      const req: Live = {};
      Object.defineProperty(session, 'req', { value: req });
      const unlock = await lock();
      const data = (await sessions.load('id')) as Live;
      const reloaded: Live = { ...data };
      lives.adopt(reloaded, data, session);
      req.session = reloaded;
      session.old = 1;
      reloaded.before = 1;
      await unlock(false);
      expect(await others.stored()).toEqual({ n: 0, before: 1, version: 1 });
    });

    it.each<[string, () => Live | null]>([
      ['is gone', () => null],
      ['is another', () => Object.assign(Object.create({ id: 'another' }) as Live, { n: 1 })],
    ])('stores nothing if the session of the request %s', async (_name, make) => {
      const req: Live = {};
      Object.defineProperty(session, 'req', { value: req });
      const unlock = await lock();
      req.session = make();
      session.before = 1;
      await unlock(false);
      expect(await others.stored()).toEqual({ n: 0, version: 0 });
      expect(repository.calls).toEqual(['lease', 'release']);
      expect(lines).toEqual([]);
      expect(lives.of(session).isClosed).toBe(true);
    });
  });
});
