import { Logger } from '@nestjs/common';
import { vi } from 'vitest';
import { SessionNotSerializableError, type SmartSessionModuleOptions } from '../../src/index.js';
import type { LiveSession } from '../../src/live/live-session.js';
import type { LiveSessions } from '../../src/live/live-sessions.js';
import { SessionToucher } from '../../src/protocol/session-toucher.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { NotedBackoff } from '../support/noted-backoff.js';
import { OtherProcess } from '../support/other-process.js';
import { sessionRecord } from '../support/records.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

const HOUR = 3_600_000;

describe('a touch', () => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let lives: LiveSessions;
  let toucher: SessionToucher;
  let errors: string[];

  beforeAll(async () => void (database = await SessionsDatabase.open('sqlite', 'session_toucher')));
  afterAll(() => database.close());

  beforeEach(async () => {
    errors = [];
    vi.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown) => void errors.push(String(line)));
    await database.run('delete from {table}');
    await new OtherProcess(database, 'id').insert({}, { lifetime: { ms: HOUR, slack: 0, explicit: true } });
    setUp();
  });
  afterEach(() => void vi.restoreAllMocks());

  function setUp(given: SmartSessionModuleOptions = {}): void {
    repository = new FaultyRepository(database.context);
    const services = serviceOver(repository, { hashIds: false, ttl: 24 * HOUR, ...given }, new NotedBackoff());
    lives = services.live;
    toucher = services.get(SessionToucher);
  }

  /** Returns a session that was loaded while it still had so many hours to live. */
  function loaded(hours: number, maxAge: number | null = null): object {
    return lives.open('id', sessionRecord({}, { maxAge }), { remaining: hours * HOUR });
  }

  const stateOf = (session: object): LiveSession => lives.find(session)!;
  const hoursLeft = async () => Math.round((await repository.load('id'))!.remaining / HOUR);

  it('moves the expiry of a session that is due', async () => {
    const session = loaded(1);
    const before = performance.now();
    await toucher.touch('id', session);
    expect(await hoursLeft()).toBe(24);
    expect(stateOf(session).isExtended).toBe(true);
    expect(stateOf(session).expiresAt).toBeGreaterThanOrEqual(before + 24 * HOUR);
  });

  it('comes once: the session is not due afterwards', async () => {
    const session = loaded(1);
    expect(toucher.isDue(session)).toBe(true);
    const touched = toucher.touch('id', session);
    expect(toucher.isDue(session)).toBe(false);
    expect(toucher.touch('id', session)).toBeUndefined();
    await touched;
    expect(repository.calls).toEqual(['touch']);
  });

  it('is not due while the session still lives long enough', () => {
    const session = loaded(24);
    expect(toucher.isDue(session)).toBe(false);
    expect(toucher.touch('id', session)).toBeUndefined();
    expect(stateOf(session).isExtended).toBe(false);
    expect(repository.calls).toEqual([]);
  });

  it('is not due if the policy forbids it', () => {
    const session = loaded(1);
    stateOf(session).policy = { keepsExpiry: true, isReadOnly: false };
    expect(toucher.isDue(session)).toBe(false);
    expect(toucher.touch('id', session)).toBeUndefined();
  });

  it('moves the expiry to an earlier time if the options now allow less', async () => {
    setUp({ ttl: HOUR / 2 });
    await toucher.touch('id', loaded(1));
    expect((await repository.load('id'))!.remaining).toBeLessThanOrEqual(HOUR / 2);
  });

  it('moves the expiry of a session without a state by its max age', async () => {
    const session = { cookie: { originalMaxAge: 5 * HOUR } };
    expect(toucher.isDue(session)).toBe(false);
    await toucher.touch('id', session);
    expect(await hoursLeft()).toBe(5);
    await toucher.touch('id', {});
    expect(await hoursLeft()).toBe(24);
    await toucher.touch('id', session);
    expect(await hoursLeft()).toBe(24);
  });

  it('that fails is logged, and the request goes on', async () => {
    repository.faults.touch = [{ kind: 'failed', effect: 'none' }];
    await expect(toucher.touch('id', loaded(1))).resolves.toBeUndefined();
    expect(errors).toEqual([expect.stringContaining('Sessions are unavailable: 1 × touch failed.')]);
  });

  describe('of plain data', () => {
    const inHours = (hours: number) => new Date(Date.now() + hours * HOUR);

    it.each([5, 0.5])('moves the expiry to the time of the cookie, in %o hours', async (hours) => {
      await toucher.extend('id', { cookie: { expires: inHours(hours) } });
      const { remaining } = (await repository.load('id'))!;
      expect(Math.round((remaining / HOUR) * 10) / 10).toBe(hours);
    });

    it('moves the expiry by `ttl` if the cookie names no time, at most once in `touchAfter`', async () => {
      await toucher.extend('id', {});
      expect(await hoursLeft()).toBe(24);
      setUp({ ttl: 2 * HOUR });
      await toucher.extend('id', {});
      expect(await hoursLeft()).toBe(24);
    });

    it('is refused for a time that is none', async () => {
      await expect(toucher.extend('id', { cookie: { expires: 'soon' } })).rejects.toThrow(SessionNotSerializableError);
      expect(repository.calls).toEqual([]);
    });

    it('sends nothing for what is no session id', async () => {
      await toucher.extend('', {});
      await toucher.extend({} as string, {});
      expect(repository.calls).toEqual([]);
    });

    it('that fails is logged', async () => {
      repository.faults.touch = [{ kind: 'failed', effect: 'none' }];
      await expect(toucher.extend('id', {})).resolves.toBeUndefined();
      expect(errors).toHaveLength(1);
    });
  });
});
