import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { defer, TimeoutError, from, lastValueFrom, of, throwError, timeout, type Observable } from 'rxjs';
import {
  SessionGoneError,
  SessionLockLostError,
  SessionLockedError,
  SessionUnavailableError,
  SqlSessionRepository,
  type SessionService,
} from '../../src/index.js';
import { SessionInterceptor } from '../../src/interceptors/session.interceptor.js';
import { LockAcquirer } from '../../src/locking/lock-acquirer.js';
import type { SessionLocker } from '../../src/locking/session-locker.js';
import { DATABASES } from '../support/databases.js';
import { FAILED, FaultyRepository, type Fault } from '../support/faulty-repository.js';
import { CurrentPlatform } from '../../src/platforms/current-platform.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { liveSessionsOf, protocolOf } from '../support/protocol-of.js';

type Live = Record<string, any>;

const TERMS = { timeout: 1000, lease: 200, maxWaiting: 1 };

describe.each(DATABASES)('a lock that meets faults, on %s', (databaseName) => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let sessions: SessionService;
  let locker: SessionLocker;
  let acquirer: LockAcquirer;
  let id: string;
  let live: Live;
  const warnings: string[] = [];

  beforeAll(async () => {
    Logger.overrideLogger({ log() {}, error() {}, debug() {}, warn: (message: string) => warnings.push(message) });
    database = await SessionsDatabase.open(databaseName, `locking_${databaseName}`);
  });
  beforeEach(async () => {
    warnings.length = 0;
    repository = new FaultyRepository(database.context);
    const services = serviceOver(repository);
    ({ sessions, locker } = services);
    acquirer = services.get(LockAcquirer);
    id = randomUUID();
    await database.run('delete from {table}');
    await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0 }));
    live = (await sessions.load(id)) as Live;
    repository.calls.length = 0;
  });
  afterAll(() => database.close());

  const leases = () => database.run('select lease_id from {table} where lease_id is not null');

  it('is not taken when the database fails, and blocks no other request', async () => {
    repository.faults.lease = [FAILED];
    await expect(locker.lock(live, TERMS)).rejects.toThrow(SessionUnavailableError);
    const unlock = await locker.lock(live, TERMS);
    await unlock?.();
    expect(await leases()).toEqual([]);
  });

  it('is given back when the record cannot be read, and not taken when the session has ended', async () => {
    await database.run("update {table} set data = '{', lock_version = 1");
    await expect(locker.lock(live, TERMS)).rejects.toThrow(SessionGoneError);
    expect(await leases()).toEqual([]);
    await database.run('delete from {table}');
    await expect(locker.lock(live, TERMS)).rejects.toThrow(SessionGoneError);
    await expect(locker.lock(live, TERMS)).rejects.toThrow(/Could not lock session/);
  });

  it('shows the session what has been stored since its load', async () => {
    const other = await another();
    await other.sessions.commit(Object.assign(other.live, { theirs: 1 }));
    const unlock = await locker.lock(live, TERMS);
    expect(live).toMatchObject({ n: 0, theirs: 1 });
    await unlock?.();
    await other.sessions.update(id, (draft: Live) => (draft.theirs = 2));
    await (
      await locker.lock(live, TERMS)
    )?.();
    expect(live).toMatchObject({ n: 0, theirs: 2 });
  });

  it('shows what a program has written that does not know the version, with pessimistic locking', async () => {
    ({ sessions, locker } = serviceOver(repository, { locking: 'pessimistic' }));
    live = (await sessions.load(id)) as Live;
    await database.run(`update {table} set data = '{"n":5}'`);
    const unlock = await locker.lock(live, TERMS);
    expect(live).toMatchObject({ n: 5 });
    await unlock?.();
  });

  it('is held though it could not be extended once, and is free though it could not be released', async () => {
    const unlock = await locker.lock(live, TERMS);
    repository.faults.extend = [FAILED];
    await sleep(150);
    expect(warnings.join()).toContain('was not extended');
    repository.faults.release = [FAILED];
    await sessions.commit(Object.assign(live, { n: 1 }));
    await unlock?.();
    await unlock?.();
    expect(warnings.join()).toContain('was not released, and ends by itself');
    expect(await leases()).toHaveLength(1);
    const again = await locker.lock(live, TERMS);
    await again?.();
    const extensions = repository.calls.filter((call) => call === 'extend').length;
    await sleep(150);
    expect(repository.calls.filter((call) => call === 'extend')).toHaveLength(extensions);
  });

  it('reports the holder, and lets the next request continue', async () => {
    const terms = { ...TERMS, timeout: 50 };
    const unlock = await locker.lock(live, TERMS);
    const late = expect(locker.lock(live, terms)).rejects.toThrow(/other requests of this process have held it for 50 ms/);
    await expect(locker.lock(live, terms)).rejects.toThrow(/its queue in this process is full \(`maxWaiting` is 1\)/);
    await late;
    const { locker: other, sessions: others } = serviceOver(new SqlSessionRepository(database.context));
    const theirs = (await others.load(id)) as Live;
    await expect(other.lock(theirs, terms)).rejects.toThrow(/another process has held it for 50 ms/);
    const next = locker.lock(live, TERMS);
    await unlock?.();
    await (
      await next
    )?.();
    await (
      await other.lock(theirs, terms)
    )?.();
    expect(await leases()).toEqual([]);
  });

  it('BoundedOutcome: leaves no request in the queue', async () => {
    const unlock = await locker.lock(live, TERMS);
    const waiting = Array.from({ length: 5 }, () => locker.lock(live, { ...TERMS, timeout: 30, maxWaiting: 10 }));
    const outcomes = await Promise.allSettled(waiting);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(SessionLockedError) });
    await unlock?.();
    await (
      await locker.lock(live, { ...TERMS, maxWaiting: 0 })
    )?.();
    expect(await leases()).toEqual([]);
  });

  const endLeases = () => database.run(`update {table} set lease_expires_at = ${database.context.dialect.fromNow('-1000')}`);
  const stored = async () => JSON.parse(String((await database.run('select data from {table}'))[0]?.data)) as object;
  /** Another process, and the same session in it. */
  async function another() {
    const services = serviceOver(new SqlSessionRepository(database.context));
    return { ...services, live: (await services.sessions.load(id)) as Live };
  }

  it('is not had again by an extension, once it was lost', async () => {
    const other = await another();
    const unlock = await locker.lock(live, TERMS);
    await endLeases();
    const theirs = await other.locker.lock(other.live, TERMS);
    await other.sessions.commit(Object.assign(other.live, { paid: 1 }));
    await theirs?.();
    const extensions = repository.calls.filter((call) => call === 'extend').length;
    await sleep(150);
    expect(repository.calls.filter((call) => call === 'extend').length).toBeGreaterThan(extensions);
    await expect(sessions.commit(Object.assign(live, { paid: 2 }))).rejects.toThrow(SessionLockLostError);
    await unlock?.();
    expect(await stored()).toEqual({ n: 0, paid: 1 });
  });

  it('is free after its release, also if an extension was in flight', async () => {
    let extend = () => {};
    repository.faults.extend = [{ effect: 'none', meanwhile: () => new Promise<void>((resolve) => (extend = resolve)) }];
    const unlock = await locker.lock(live, TERMS);
    while (!repository.calls.includes('extend')) await sleep(5);
    await unlock?.();
    extend();
    await sleep(20);
    expect(await leases()).toEqual([]);
  });

  it('goes over to the session that a reload puts in place', async () => {
    const unlock = await locker.lock(live, TERMS);
    const data = (await sessions.load(id)) as Live;
    const reloaded: Live = { ...data };
    liveSessionsOf(sessions).adopt(reloaded, data, live);
    await database.run("update {table} set lease_id = 'another'");
    await expect(sessions.commit(Object.assign(reloaded, { paid: 1 }))).rejects.toThrow(SessionLockLostError);
    await unlock?.();
    await sessions.commit(Object.assign(reloaded, { paid: 2 }));
    expect(await stored()).toEqual({ n: 0, paid: 2 });
  });

  describe('of an interceptor', () => {
    const intercept = (handle: () => Observable<unknown>) => {
      const sessionStore = {};
      protocolOf(sessions).states.serve(sessionStore);
      const request = { getRequest: () => ({ session: live, sessionStore }), getResponse: () => ({ setHeader() {} }) };
      const context = { getHandler: () => null, getClass: () => null, getType: () => 'http', switchToHttp: () => request };
      const interceptor = new SessionInterceptor(
        { getAllAndOverride: () => ({ name: undefined, limits: TERMS }) } as never,
        locker,
        protocolOf(sessions),
        new CurrentPlatform({ httpAdapter: { getType: () => 'express' } } as never),
      );
      return interceptor.intercept(context as never, { handle });
    };

    it('is released if its request has timed out when it is taken', async () => {
      const other = await another();
      const theirs = await other.locker.lock(other.live, TERMS);
      const waiting = intercept(() => of('handled')).subscribe();
      await sleep(20);
      waiting.unsubscribe();
      await theirs?.();
      while (!repository.calls.includes('release')) await sleep(5);
      // The call is counted before its statement has run.
      while ((await leases()).length > 0) await sleep(5);
    });

    it('lets a handler that was given up write nothing', async () => {
      let goOn = () => {};
      const handler = new Promise<void>((resolve) => (goOn = resolve)).then(() => sessions.commit(Object.assign(live, { late: 1 })));
      const begun = Promise.withResolvers<void>();
      const handling = intercept(() => defer(() => (begun.resolve(), from(handler)))).subscribe();
      await begun.promise;
      handling.unsubscribe();
      while ((await leases()).length > 0) await sleep(5);
      goOn();
      await expect(handler).rejects.toThrow(SessionLockLostError);
      expect(await stored()).toEqual({ n: 0 });
    });

    it('lets a handler that runs on behind an error write nothing', async () => {
      let goOn = () => {};
      const handler = new Promise<void>((resolve) => (goOn = resolve)).then(() => sessions.update(live, (draft: Live) => ++draft.n));
      await expect(lastValueFrom(intercept(() => from(handler).pipe(timeout(20))))).rejects.toThrow(TimeoutError);
      expect(await leases()).toEqual([]);
      goOn();
      await expect(handler).rejects.toThrow(SessionLockLostError);
      expect(await stored()).toEqual({ n: 0 });
    });

    it('is given back before the answer, whatever comes of the handler', async () => {
      expect(await lastValueFrom(intercept(() => of('handled')))).toBe('handled');
      expect(await leases()).toEqual([]);
      await sessions.commit(Object.assign(live, { after: 1 }));
      expect(await stored()).toEqual({ n: 0, after: 1 });
      const refused = new Error('refused');
      await expect(lastValueFrom(intercept(() => throwError(() => refused)))).rejects.toBe(refused);
      expect(await leases()).toEqual([]);
    });
  });

  it('is given back when it was had, and the answer was lost each time', async () => {
    const lost: Fault = { kind: 'unknown', effect: 'done' };
    repository.faults.lease = [lost, lost, lost];
    await expect(locker.lock(live, { ...TERMS, lease: 60_000 })).rejects.toThrow(SessionUnavailableError);
    while ((await leases()).length > 0) await sleep(5);
  });

  it('refuses an update that changes nothing too, once it was lost', async () => {
    const unlock = await locker.lock(live, TERMS);
    await database.run("update {table} set lease_id = 'another'");
    await expect(sessions.update(live, (draft: Live) => draft.n)).rejects.toThrow(SessionLockLostError);
    await unlock?.();
  });

  it('is extended no more once the app has shut down', async () => {
    await locker.lock(live, TERMS);
    acquirer.onApplicationShutdown();
    const extensions = repository.calls.filter((call) => call === 'extend').length;
    await sleep(150);
    expect(repository.calls.filter((call) => call === 'extend')).toHaveLength(extensions);
    await database.run('update {table} set lease_id = null');
    const late = await another();
    await locker.lock(late.live, TERMS).catch(() => undefined);
    await sleep(150);
    expect(repository.calls.filter((call) => call === 'extend')).toHaveLength(extensions);
  });
});
