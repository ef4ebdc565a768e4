import { Body, Controller, Delete, Get, HttpCode, Module, NotFoundException, Param, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import {
  SessionLimitError,
  SessionService,
  SmartSessionConfigError,
  SqlSessionRepository,
  StatementRunner,
  type RunStatement,
} from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { Gathering, GatheringModule } from '../support/gathering.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { SessionsApp, sessionIdOf, storageKeyIn } from '../support/sessions-app.js';

const HOUR = 60 * 60 * 1000;

@Controller()
class DevicesController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login-as') async login(@Req() request: Request, @Body() { user }: { user: string }): Promise<void> {
    await this.sessions.regenerate(request);
    Object.assign(request.session, { user });
  }
  /** Without `regenerate`, as a careless app does. */
  @Post('become') become(@Req() { session }: Request, @Body() { user }: { user: string }): void {
    Object.assign(session, { user });
  }
  @Post('try-login') async tryLogin(@Req() request: Request, @Body() { user }: { user: string }): Promise<object> {
    await this.sessions.regenerate(request);
    Object.assign(request.session, { user });
    const failure: unknown = await this.sessions.commit(request.session).catch((error: unknown) => error);
    return { isFull: failure instanceof SessionLimitError };
  }
  @Get('devices') list(@Req() { session, sessionID }: Request): Promise<unknown> {
    return this.sessions.list({ userId: userOf(session), current: sessionID });
  }
  @Delete('devices/:handle') @HttpCode(204) async end(@Req() { session }: Request, @Param('handle') handle: string): Promise<void> {
    if (!(await this.sessions.destroyOne({ userId: userOf(session), handle }))) throw new NotFoundException();
  }
  @Delete('devices') async endOthers(@Req() { session, sessionID }: Request): Promise<object> {
    return { destroyed: await this.sessions.destroyAll({ userId: userOf(session), except: sessionID }) };
  }
}

function userOf(session: object): string {
  return (session as { user: string }).user;
}

@Module({ controllers: [DevicesController] })
class DevicesModule {}

const settings = { imports: [DevicesModule, GatheringModule] };

/** A browser in which a user has logged in. */
async function login(app: SessionsApp, user = 'anna', path = '/login-as'): Promise<Browser> {
  const browser = new Browser(app.app);
  await browser.post(path, { user });
  return browser;
}

const liveOf = async (browsers: readonly Browser[]) => {
  const sessions = await Promise.all(browsers.map((browser) => browser.session()));
  return sessions.map((session) => Object.keys(session).length > 0);
};

describe.each(REPOSITORY_CASES)('the sessions of a user on $database, $locking, $name', ({ database, locking, repository, n }) => {
  let app: SessionsApp;

  beforeAll(async () => {
    app = await SessionsApp.start(database, { tableName: `users_${database}_${n}`, locking, repository, userId: 'user' }, settings);
  });
  beforeEach(() => app.clear());
  afterAll(() => app.close());

  it('ASVS 7.2.1 asks the database at every request', async () => {
    const browser = await app.browser();
    await app.clear();
    expect(await browser.session()).toEqual({});
  });

  it('ASVS 7.4.1 stores nothing of 100 writes that are in flight at logout', async () => {
    const browser = await app.browser();
    const writes = await Gathering.of(
      Array.from(
        { length: 100 },
        (_, i) => [Object.assign(new Browser(app.app), { cookie: browser.cookie }), { [`late${i}`]: 1 }] as const,
      ),
    );
    await browser.delete('/session');
    expect(await app.rows()).toBe(0);
    await writes.go();
    expect(await app.rows()).toBe(0);
  });

  it('ASVS 7.4.2 ends all sessions of a user, with 50 writes in flight', async () => {
    const browsers = await Promise.all(Array.from({ length: 10 }, () => login(app)));
    const other = await login(app, 'berta');
    const writes = await Gathering.of(Array.from({ length: 50 }, (_, i) => [browsers[i % 10]!, { [`late${i}`]: 1 }] as const));
    expect(await app.sessions.destroyAll({ userId: 'anna' })).toBe(10);
    await writes.go();
    expect([await app.sessions.list({ userId: 'anna' }), await app.rows(), await other.session()]).toEqual([[], 1, { user: 'berta' }]);
  });

  it('ASVS 7.4.3 ends the other sessions of a user', async () => {
    const browsers = await Promise.all(Array.from({ length: 5 }, () => login(app)));
    expect((await browsers[2]!.delete('/devices')).body).toEqual({ destroyed: 4 });
    expect(await liveOf(browsers)).toEqual([false, false, true, false, false]);
  });

  it('ASVS 7.4.5 ends the sessions of all users', async () => {
    const browsers = [await login(app), await login(app, 'berta'), await app.browser()];
    await app.sessions.clear();
    expect(await liveOf(browsers)).toEqual([false, false, false]);
  });

  it('ASVS 7.5.2 lists sessions by handles that tell neither ids nor storage keys', async () => {
    const [old, own] = [await login(app), await login(app)];
    await app.run(
      `update {table} set created_at = ${app.context.dialect.fromNow(String(-HOUR))} where session_id = '${storageKeyIn(old)}'`,
    );
    const { body, text } = await own.get('/devices');
    const shown = {
      handle: expect.stringMatching(/^[\w-]{22}$/),
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      expiresAt: expect.any(String),
      lastSeenAt: null,
      userAgent: null,
      ipAddress: null,
      deviceName: null,
      deviceLabel: null,
    };
    expect(body).toEqual([
      { ...shown, isCurrent: true },
      { ...shown, isCurrent: false },
    ]);
    for (const browser of [old, own]) {
      expect(text).not.toContain(sessionIdOf(browser));
      expect(text).not.toContain(storageKeyIn(browser).slice(0, 8));
    }
    expect(new Set(body.map(({ handle }: { handle: string }) => handle)).size).toBe(2);
    await own.post('/set', { a: 1 });
    expect((await own.get('/devices')).body[0].handle).toBe(body[0].handle);
  });

  it('ASVS 7.5.2 ends a session of the own user by its handle, and none of another', async () => {
    const [other, own, foreign] = [await login(app), await login(app), await login(app, 'berta')];
    const handles = async (browser: Browser, isCurrent: boolean): Promise<string> =>
      (await browser.get('/devices')).body.find((device: { isCurrent: boolean }) => device.isCurrent === isCurrent).handle;
    const theirs = await handles(own, false);
    expect((await foreign.delete(`/devices/${theirs}`)).status).toBe(404);
    expect((await own.delete(`/devices/${await handles(foreign, true)}`)).status).toBe(404);
    expect((await own.delete(`/devices/${storageKeyIn(other)}`)).status).toBe(404);
    expect(await liveOf([other, own, foreign])).toEqual([true, true, true]);
    expect((await own.delete(`/devices/${theirs}`)).status).toBe(204);
    expect((await own.delete(`/devices/${theirs}`)).status).toBe(404);
    expect(await liveOf([other, own, foreign])).toEqual([false, true, true]);
  });

  it('Isolation: distinguishes users whose names compare as equal in SQL', async () => {
    const names = ['anna', 'Anna', 'anna ', 'änna'];
    const browsers: Browser[] = [];
    for (const name of names) browsers.push(await login(app, name));
    for (const browser of browsers) expect((await browser.get('/devices')).body).toHaveLength(1);
    expect(await app.sessions.destroyAll({ userId: 'anna' })).toBe(1);
    expect(await liveOf(browsers)).toEqual([false, true, true, true]);
  });

  it('lets a slow request take nothing back that was set meanwhile', async () => {
    const browser = await app.browser({ role: 'admin' });
    const slow = await Gathering.of([[Object.assign(new Browser(app.app), { cookie: browser.cookie }), { page: 1 }]]);
    await browser.post('/set', { role: 'user' });
    await browser.post('/remember', { maxAge: 30 * 24 * HOUR });
    await slow.go();
    await browser.get('/session');
    const [row] = await app.run(`select data, ${app.context.dialect.until('expires_at')} as remaining from {table}`);
    expect([JSON.parse(String(row?.data)), Math.round(Number(row?.remaining) / HOUR)]).toEqual([{ role: 'user', page: 1 }, 720]);
  });
});

describe.each(REPOSITORY_CASES)('a limit of sessions on $database, $locking, $name', ({ database, locking, repository, n }) => {
  const tableName = `limit_${database}_${n}`;
  const options = { tableName, locking, repository, userId: 'user' };
  let evicting: SessionsApp;
  let denying: SessionsApp;

  beforeAll(async () => {
    evicting = await SessionsApp.start(database, { ...options, maxSessionsPerUser: 3 }, settings);
    const denial = { ...options, tableName: `${tableName}_deny`, maxSessionsPerUser: { max: 3, whenFull: 'deny' } as const };
    denying = await SessionsApp.start(database, denial, settings);
  });
  beforeEach(async () => {
    await evicting.clear();
    await denying.clear();
  });
  afterAll(async () => {
    await evicting.close();
    await denying.close();
  });

  it('ASVS 7.1.2 destroys the oldest session of a user with one too many, and no other user’s', async () => {
    const other = await login(evicting, 'berta');
    const browsers: Browser[] = [];
    for (let i = 0; i < 5; i++) {
      await evicting.age(1000);
      browsers.push(await login(evicting));
    }
    expect([await liveOf(browsers), await liveOf([other])]).toEqual([[false, false, true, true, true], [true]]);
  });

  it('ASVS 7.1.2 leaves as many as allowed of 20 logins at once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => login(evicting)));
    expect(await evicting.rows()).toBe(3);
    const answers = await Promise.all(Array.from({ length: 20 }, () => new Browser(denying.app).post('/login-as', { user: 'anna' })));
    expect([answers.filter(({ status }) => status === 201).length, await denying.rows()]).toEqual([3, 3]);
  });

  it('ASVS 7.1.2 refuses one too many if the option says so', async () => {
    const browsers = [await login(denying), await login(denying), await login(denying)];
    const late = new Browser(denying.app);
    const { status, body, headers } = await late.post('/login-as', { user: 'anna' });
    expect([status, body.message, headers['set-cookie']]).toEqual([409, 'Too many sessions', undefined]);
    expect([await liveOf(browsers), await denying.rows()]).toEqual([[true, true, true], 3]);
    await browsers[0]!.delete('/session');
    expect((await late.post('/login-as', { user: 'anna' })).status).toBe(201);
  });

  it('lets a handler answer a refusal by itself', async () => {
    for (let i = 0; i < 3; i++) await login(denying);
    const late = new Browser(denying.app);
    const { status, body } = await late.post('/try-login', { user: 'anna' });
    expect([status, body, await denying.rows()]).toEqual([201, { isFull: true }, 3]);
    expect(await late.session()).toEqual({});
  });

  it('counts a session that gets a user without a new id, and keeps that session, however old', async () => {
    const old = await evicting.browser({ cart: 1 });
    await evicting.age(HOUR);
    for (let i = 0; i < 3; i++) await login(evicting);
    await old.post('/become', { user: 'anna' });
    expect([await old.session(), await evicting.rows()]).toEqual([{ cart: 1, user: 'anna' }, 3]);
  });

  it('counts no expired session, and no second write', async () => {
    for (let i = 0; i < 3; i++) await login(denying);
    await denying.age(25 * HOUR);
    const browser = await login(denying);
    expect((await browser.post('/set', { a: 1 })).status).toBe(201);
    expect([await denying.sessions.count(), await denying.rows()]).toEqual([1, 4]);
  });
});

describe.each(DATABASES)('statements on the sessions of a user on %s', (database) => {
  let app: SessionsApp;

  beforeAll(async () => {
    app = await SessionsApp.start(
      database,
      { tableName: `index_${database}`, repository: SqlSessionRepository, userId: 'user', maxSessionsPerUser: 3 },
      settings,
    );
    await fill(app);
  });
  afterAll(() => app.close());

  it('ASVS 7.4.2 go by the index on user_id', async () => {
    const { runner } = app.context;
    const run = runner.run;
    const seen: [sql: string, parameters: readonly unknown[]][] = [];
    // The rows that it finds are locked by their primary keys. Another plan would lock more rows.
    const isSearch = (sql: string) => sql.includes('user_id =') && !sql.includes('wanted_key');
    const watched =
      (statement: RunStatement): RunStatement =>
      (sql, parameters = []) => (isSearch(sql) && seen.push([sql, parameters]), statement(sql, parameters));
    const onOneConnection = (work: (run: RunStatement) => Promise<unknown>) =>
      StatementRunner.prototype.onOneConnection.call(runner, (pinned) => work(watched(pinned)));
    Object.defineProperty(runner, 'run', { value: watched(run), writable: true });
    Object.assign(runner, { onOneConnection });
    await app.sessions.list({ userId: 'user7' });
    await login(app, 'user7');
    await app.sessions.destroyAll({ userId: 'user8' });
    Object.assign(runner, { run });
    const explain = database === 'sqlite' ? 'explain query plan' : 'explain';
    const plans = await Promise.all(
      seen.map(async ([sql, parameters]) => JSON.stringify((await run(`${explain} ${sql}`, parameters)).rows)),
    );
    expect(seen.map(([sql]) => sql.split(' ')[0])).toEqual(['select', 'select', 'select', 'select']);
    for (const plan of plans) expect(plan).toContain(`index_${database}_user_id_index`);
  });
});

/** Gives a table 5,000 sessions of 1,000 users. */
async function fill(app: SessionsApp): Promise<void> {
  const { dialect } = app.context;
  const row = (i: number) => `('k${i}', '{}', 'c', 'user${i % 1000}', ${dialect.now}, ${dialect.now}, ${dialect.fromNow('1000000')})`;
  const rows = Array.from({ length: 5000 }, (_, i) => row(i));
  await app.run(`insert into {table} (session_id, data, commit_id, user_id, created_at, updated_at, expires_at) values ${rows.join(', ')}`);
  await app.run(dialect.name === 'mysql' || dialect.name === 'mariadb' ? 'analyze table {table}' : 'analyze {table}');
}

describe('maxSessionsPerUser', () => {
  it.each([
    [{ maxSessionsPerUser: 3 }, /without `userId`/],
    [{ maxSessionsPerUser: 0, userId: 'user' }, /0 was given.*whole number from 1/],
    [{ maxSessionsPerUser: 1.5, userId: 'user' }, /1.5 was given/],
    [{ maxSessionsPerUser: { max: 3, whenFull: 'explode' }, userId: 'user' }, /'explode'.*'evict-oldest' or 'deny'/],
  ])('stops the start: %j', async (wrong, message) => {
    const started = SessionsApp.start('sqlite', { tableName: 'wrong', ...(wrong as object) });
    const error = await started.then(
      (app) => app.close(),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(SmartSessionConfigError);
    expect(error).toMatchObject({ option: 'maxSessionsPerUser', message: expect.stringMatching(message) });
  });
});
