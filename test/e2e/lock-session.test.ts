import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConflictException, Controller, Get, Module, Post, Req, Res, Session, Sse, type INestApplication } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Observable, from } from 'rxjs';
import {
  DatabaseContext,
  EntityManagerSessionRepository,
  LockSession,
  SessionService,
  SmartSessionConfigError,
  SqlSessionRepository,
} from '../../src/index.js';
import { SessionLocker } from '../../src/locking/session-locker.js';
import { Browser } from '../support/browser.js';
import { CONNECTIONS, DATABASES } from '../support/databases.js';
import { dropTablesOf } from '../support/drop-tables.js';
import { startTestApp } from '../support/test-app.js';

type Live = Record<string, any>;

/** How many run a locked handler now, and at most did. */
const running = { now: 0, most: 0 };
/** What a handler waits for, and what tells that it has begun. */
let gate: Promise<unknown> = Promise.resolve();
let begun: () => void = () => {};

async function alone(work: () => Promise<void>): Promise<void> {
  running.most = Math.max(running.most, ++running.now);
  await work();
  running.now--;
}

@Controller()
class LockController {
  constructor(private readonly sessions: SessionService) {}

  @Post('increment') @LockSession() async increment(@Session() session: Live): Promise<object> {
    await alone(async () => {
      const n = session.n ?? 0;
      await sleep(2);
      session.n = n + 1;
    });
    return { n: session.n };
  }
  @Post('hold') @LockSession({ timeout: 100 }) async hold(@Session() session: Live): Promise<void> {
    begun();
    await gate;
    session.held = (session.held ?? 0) + 1;
  }
  @Post('long') @LockSession({ lease: 200 }) long(@Session() session: Live): Promise<void> {
    return alone(async () => {
      const n = session.n ?? 0;
      await sleep(700);
      session.n = n + 1;
    });
  }
  @Post('alone') @LockSession({ maxWaiting: 0 }) alone(): Promise<unknown> {
    begun();
    return gate;
  }
  @Post('pay') @LockSession({ name: 'pay' }) async pay(@Session() session: Live): Promise<object> {
    await this.sessions.lock(session, 'pay', () => this.increment(session), { timeout: 50 });
    return { n: session.n };
  }
  @Post('pay-in-code') payInCode(@Session() session: Live): Promise<object> {
    return this.sessions.lock(session, 'pay', () => this.increment(session));
  }
  @Post('pay-reloaded') async payReloaded(@Req() request: Request): Promise<object> {
    await this.sessions.lock(request.session, 'pay', async () => {
      await new Promise<void>((resolve) => void request.session.reload(() => resolve()));
      Object.assign(request.session, { n: 6 });
    });
    return (await this.sessions.load(request.sessionID))!;
  }
  @Post('hold-pay') @LockSession({ name: 'pay', timeout: 100 }) async holdPay(@Session() session: Live): Promise<void> {
    await this.hold(session);
  }
  @Post('fail') @LockSession() fail(@Session() session: Live): void {
    session.failed = 1;
    throw new ConflictException();
  }
  @Post('locked-res') @LockSession() res(@Session() session: Live, @Res() response: Response): void {
    session.res = 1;
    response.send({ held: session.held });
  }
  @Sse('locked-events') @LockSession() events(@Session() session: Live): Observable<{ data: string }> {
    session.events = 1;
    return from([{ data: 'a' }, { data: 'b' }]);
  }
}

@Controller('whole')
@LockSession({ timeout: 100 })
class LockedController {
  @Get() read(@Session() session: Live): Live {
    return session;
  }
}

@Module({ controllers: [LockController, LockedController] })
class LockModule {}

const REPOSITORIES = [
  { locking: 'optimistic', repository: SqlSessionRepository },
  { locking: 'pessimistic', repository: EntityManagerSessionRepository },
] as const;
const CASES = DATABASES.flatMap((database) =>
  REPOSITORIES.map((variant, n) => ({ database, ...variant, name: variant.repository.name, n })),
);

/** Resolves when so many more requests, their sessions loaded, have asked for a lock. */
function lockAsked(times: number): Promise<void> {
  const { lock } = SessionLocker.prototype;
  return new Promise((resolve) => {
    let left = times;
    SessionLocker.prototype.lock = function (...asked) {
      if (--left === 0) {
        SessionLocker.prototype.lock = lock;
        resolve();
      }
      return lock.apply(this, asked);
    };
  });
}

describe.each(CASES)('@LockSession() on $database, $locking, $name', ({ database, locking, repository, n }) => {
  const directory = mkdtempSync(join(tmpdir(), 'lock-'));
  const tableName = `lock_${database}_${n}`;
  let apps: INestApplication[] = [];
  let one: Browser;
  let other: Browser;

  beforeAll(async () => {
    const { driver: _, ...server } = CONNECTIONS[database];
    // One connection each: whoever held it while a handler runs would hold everybody up.
    const connection = database === 'sqlite' ? { dbName: join(directory, 'lock.sqlite') } : { ...server, pool: { min: 0, max: 1 } };
    const start = () =>
      startTestApp(database, {
        imports: [LockModule],
        options: { connection, tableName, locking, repository, pruneInterval: false, timeout: 3000 },
      });
    apps = [await start(), await start()];
  });
  beforeEach(async () => {
    Object.assign(running, { now: 0, most: 0 });
    [one, other] = apps.map((app) => new Browser(app)) as [Browser, Browser];
    await one.post('/set', { start: 1 });
    other.cookie = one.cookie;
  });
  afterAll(async () => {
    await dropTablesOf(apps[0]!);
    for (const app of apps) await app.close();
    rmSync(directory, { recursive: true });
  });

  async function run(sql: string): Promise<readonly Live[]> {
    const { runner, dialect } = apps[0]!.get(DatabaseContext, { strict: false });
    return (await runner.run(sql.replace('{table}', dialect.quote(tableName)))).rows;
  }
  const leaseTable = () => apps[0]!.get(DatabaseContext, { strict: false }).dialect.quote(`${tableName}_leases`);
  /** Lets one request hold the lock; what it returns lets it go and gives its answer. */
  async function holdBy(browser: Browser, path = '/hold') {
    let release = () => {};
    gate = new Promise<void>((resolve) => (release = resolve));
    const isHeld = new Promise<void>((resolve) => (begun = resolve));
    const answer = browser.post(path);
    await isHeld;
    return () => (release(), answer);
  }
  const leaseTo = (id: string, ms: number) => {
    const { dialect } = apps[0]!.get(DatabaseContext, { strict: false });
    return run(
      `update {table} set lease_id = '${id}', lease_expires_at = ${dialect.fromNow(String(ms))} where lease_id is null or lease_id <> ''`,
    );
  };

  it('runs the requests of one session one after the other, in two processes', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 ? one : other).post('/increment')));
    expect(answers.map((answer) => answer.body.n).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(running.most).toBe(1);
    expect(await one.session()).toEqual({ start: 1, n: 12 });
  });

  it('holds up no other handler, no other session, and no connection', async () => {
    const letGo = await holdBy(one);
    expect(await other.session()).toEqual({ start: 1 });
    expect(await one.session()).toEqual({ start: 1 });
    expect((await other.post('/set', { meanwhile: 1 })).status).toBe(201);
    const stranger = new Browser(apps[0]!);
    await stranger.post('/set', { a: 1 });
    expect((await stranger.post('/increment')).body).toEqual({ n: 1 });
    expect((await letGo()).status).toBe(201);
    expect(await one.session()).toEqual({ start: 1, meanwhile: 1, held: 1 });
  });

  it('answers 423 after its timeout, in the same process and in another, and does not run the handler', async () => {
    const letGo = await holdBy(one);
    for (const browser of [one, other]) {
      const refused = await browser.post('/hold');
      expect([refused.status, refused.get('Retry-After'), refused.body.message]).toEqual([423, '1', 'Session locked']);
    }
    expect((await other.get('/whole')).status).toBe(423);
    await letGo();
    expect(await one.session()).toEqual({ start: 1, held: 1 });
    expect((await other.post('/hold')).status).toBe(201);
    expect((await other.get('/whole')).body).toMatchObject({ held: 2 });
  });

  it('runs handlers and code of one name one after the other, in two processes', async () => {
    const requests = Array.from({ length: 12 }, (_, i) => [one, other][i % 2]!.post(i % 3 ? '/pay' : '/pay-in-code'));
    const answers = await Promise.all(requests);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(answers.map(({ body }) => (body as Live).n as number).toSorted((a, b) => a - b)).toEqual(answers.map((_answer, i) => i + 1));
    expect(running.most).toBe(1);
    expect(await run(`select * from ${leaseTable()}`)).toEqual([]);
  });

  it('commits the session object that the request has after a reload, before the lock ends', async () => {
    expect((await one.post('/pay-reloaded')).body).toMatchObject({ n: 6 });
  });

  it('does not wait for a lock of another name, and answers 423 for its own', async () => {
    const letGo = await holdBy(one, '/hold-pay');
    expect((await other.get('/whole')).status).toBe(200);
    expect((await other.post('/hold-pay')).status).toBe(423);
    expect((await other.post('/set', { n: 1 })).status).toBe(201);
    await letGo();
    expect(await one.session()).toEqual({ start: 1, n: 1, held: 1 });
  });

  it('stores nothing of a handler whose lease by name was taken over', async () => {
    const letGo = await holdBy(one, '/hold-pay');
    await run(`update ${leaseTable()} set lease_id = 'of another'`);
    expect((await letGo()).status).toBe(503);
    expect(await one.session()).toEqual({ start: 1 });
    await run(`delete from ${leaseTable()}`);
  });

  it('refuses at once when too many wait', async () => {
    const letGo = await holdBy(one, '/alone');
    expect((await one.post('/alone')).status).toBe(423);
    expect((await letGo()).status).toBe(201);
    expect((await one.post('/alone')).status).toBe(201);
  });

  it('shows what was stored while it waited', async () => {
    const letGo = await holdBy(one);
    const waiting = other.post('/increment');
    await one.post('/set', { n: 41 });
    await letGo();
    expect((await waiting).body).toEqual({ n: 42 });
  });

  it('is free when the process that held it is gone, and not before', async () => {
    await leaseTo('a process that was killed', 400);
    expect((await one.post('/hold')).status).toBe(423);
    expect((await one.post('/increment')).status).toBe(201);
  });

  it('is extended while the handler runs', async () => {
    await Promise.all([one.post('/long'), other.post('/long')]);
    expect(running.most).toBe(1);
    expect(await one.session()).toEqual({ start: 1, n: 2 });
  });

  it('writes nothing when the lock was lost, and says so', async () => {
    const letGo = await holdBy(one);
    await leaseTo('another', 60_000);
    const answer = await letGo();
    expect([answer.status, answer.get('Retry-After')]).toEqual([503, '1']);
    expect(await one.session()).toEqual({ start: 1 });
    expect((await run("select lease_id from {table} where lease_id = 'another'")).length).toBeGreaterThan(0);
  });

  it('writes nothing when the lock was lost and others have committed too', async () => {
    const letGo = await holdBy(one);
    await other.post('/set', { others: 1 });
    await leaseTo('another', 60_000);
    expect((await letGo()).status).toBe(503);
    expect(await one.session()).toEqual({ start: 1, others: 1 });
  });

  it('ends with the handler, whatever comes of it', async () => {
    expect((await one.post('/fail')).status).toBe(409);
    expect((await one.post('/locked-res')).status).toBe(201);
    expect((await one.get('/locked-events')).text).toContain('data: b');
    expect(
      await run("select lease_id from {table} where lease_id is not null and lease_id not in ('another', 'a process that was killed')"),
    ).toEqual([]);
    expect(await one.session()).toEqual({ start: 1, failed: 1, res: 1, events: 1 });
  });

  it('NoResurrection: answers 409 when the session ended while it waited', async () => {
    const letGo = await holdBy(one);
    const bothWait = lockAsked(2);
    const waiting = [one.post('/increment'), other.post('/increment')];
    await bothWait;
    await one.delete('/session');
    await letGo();
    expect((await Promise.all(waiting)).map((answer) => answer.status)).toEqual([409, 409]);
    expect(await one.session()).toEqual({});
  });

  it('does not lock a session that is not stored', async () => {
    const stranger = new Browser(apps[0]!);
    expect((await stranger.post('/increment')).body).toEqual({ n: 1 });
    expect((await stranger.post('/increment')).body).toEqual({ n: 2 });
  });

  it('holds up no update()', async () => {
    const { id } = (await one.post('/set', { a: 1 })).body;
    const letGo = await holdBy(one);
    await apps[1]!.get(SessionService).update(id, (draft: Live) => {
      draft.held = 5;
    });
    expect((await letGo()).status).toBe(201);
    expect(await one.session()).toMatchObject({ held: 1 });
  });
});

describe('@LockSession()', () => {
  it.each([{ timeout: 0 }, { timeout: '1s' }, { lease: 10 }, { maxWaiting: -1 }, { wait: 1 }] as object[])('refuses %o', (options) => {
    expect(() => LockSession(options)).toThrow(SmartSessionConfigError);
    expect(() => LockSession(options)).toThrow(Object.keys(options)[0]);
  });
});
