import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Body, Controller, Delete, Get, HttpCode, Module, NotFoundException, Param, Post, Put, Req } from '@nestjs/common';
import type { Request } from 'express';
import supertest from 'supertest';
import {
  SessionRepository,
  SessionService,
  SmartSessionConfigError,
  type SmartSessionModuleOptions,
  type UserSession,
} from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { CONNECTIONS, ONE_PER_SERVER } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { makeLayout1 } from '../support/layout-1.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { SessionsApp, sessionIdOf, storageKeyIn } from '../support/sessions-app.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
const KEY = Buffer.from(Array.from({ length: 32 }, (_, n) => n));
const MINUTE = 60_000;

type Values = Record<string, unknown>;

@Controller()
class DevicesController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login-as') async login(@Req() request: Request, @Body() { user, ...values }: { user: string }): Promise<void> {
    await this.sessions.regenerate(request);
    Object.assign(request.session, { user, ...values });
  }
  @Post('login-by-update') async loginByUpdate(@Req() { session }: Request, @Body() { user }: { user: string }): Promise<void> {
    await this.sessions.update(session, (draft) => void Object.assign(draft, { user }));
  }
  @Post('move') async move(@Req() request: Request): Promise<void> {
    await this.sessions.regenerate(request, { keep: 'all' });
  }
  @Get('devices') list(@Req() { session, sessionID }: Request): Promise<UserSession[]> {
    return this.sessions.list({ userId: userOf(session), current: sessionID });
  }
  @Put('devices/:handle') @HttpCode(204) async label(@Req() { session }: Request, @Param('handle') handle: string, @Body() body: Values) {
    const { label } = body as { label: string };
    if (!(await this.sessions.labelDevice({ userId: userOf(session), handle, label }))) throw new NotFoundException();
  }
  @Delete('devices') async endAll(@Req() { session }: Request): Promise<object> {
    return { destroyed: await this.sessions.destroyAll({ userId: userOf(session) }) };
  }
}

function userOf(session: object): string {
  return (session as { user: string }).user;
}

@Module({ controllers: [DevicesController] })
class DevicesModule {}

const settings = { imports: [DevicesModule], isBehindProxy: true };

/** Sends a request of a browser with headers. */
async function send(browser: Browser, app: SessionsApp, path: string, body: object, headers: Record<string, string>): Promise<number> {
  const { status, headers: answered } = await supertest(app.app.getHttpServer())
    .post(path)
    .set({ Cookie: browser.cookie, ...headers })
    .send(body);
  const [cookie] = (answered['set-cookie'] as unknown as string[] | undefined) ?? [];
  if (cookie) browser.cookie = cookie.split(';')[0]!;
  return status;
}

/** A browser in which a user has logged in. */
async function login(
  app: SessionsApp,
  headers: Record<string, string> = { 'User-Agent': FIREFOX, 'X-Forwarded-For': '203.0.113.77' },
  body: object = { user: 'anna' },
  path = '/login-as',
): Promise<Browser> {
  const browser = new Browser(app.app);
  expect(await send(browser, app, path, body, headers)).toBe(201);
  return browser;
}

/** Logs in by a request whose header lines are sent as they are, in Latin-1. Returns the status. */
async function rawLogin({ app }: SessionsApp, lines: readonly string[]): Promise<number> {
  const { port } = new URL(await app.getUrl());
  const body = '{"user":"anna"}';
  const head = [
    'POST /login-as HTTP/1.1',
    'Host: a',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`${[...head, ...lines].join('\r\n')}\r\n\r\n${body}`, 'latin1');
  let answer = '';
  try {
    for await (const chunk of socket) answer += String(chunk);
  } catch {
    // Node closes the connection before it has read all of a head that is too large.
  }
  return Number(answer.split(' ')[1]);
}

/** Labels that a database might change: by its character set, its collation, its padding or its escapes. */
const LABELS = [
  'x'.repeat(100),
  '😀'.repeat(50),
  '\ufdfa'.repeat(100),
  '👩‍👩‍👧‍👦 family',
  '\u202eenohp',
  'e\u0301 \u00e9',
  '<b>"&\'</b>',
  String.raw`a\b\'; --`,
  'spaces  ',
  ' ',
  '\u00a0\u200b\ufeff',
  'SESSION session',
];

const devicesOf = (app: SessionsApp, userId = 'anna') => app.sessions.list({ userId });

describe.each(REPOSITORY_CASES)('devices on $database, $locking, $name', ({ database, locking, repository, n }) => {
  let app: SessionsApp;
  const options: Partial<SmartSessionModuleOptions> = { locking, repository, userId: 'user', devices: { ip: 'anonymized' }, touchAfter: 0 };

  beforeAll(async () => {
    app = await SessionsApp.start(database, { tableName: `devices_${database}_${n}`, ...options }, settings);
  });
  beforeEach(() => app.clear());
  afterAll(() => app.close());

  it('are listed as they logged in', async () => {
    const browser = await login(app);
    const { body } = await browser.get('/devices');
    const time = expect.any(String);
    expect(body).toEqual([
      {
        handle: expect.stringMatching(/^[\w-]{22}$/),
        createdAt: time,
        updatedAt: time,
        expiresAt: time,
        isCurrent: true,
        lastSeenAt: time,
        userAgent: FIREFOX,
        ipAddress: '203.0.113.0',
        deviceName: null,
        deviceLabel: null,
      },
    ]);
    const [row] = await app.run('select user_agent, ip_address, lock_version from {table}');
    expect([row?.user_agent, row?.ip_address, Number(row?.lock_version)]).toEqual([FIREFOX, '203.0.113.0', 0]);
  });

  it.each([
    ['without a user agent', {}, [null, '127.0.0.0']],
    ['with a forged address', { 'User-Agent': 'x', 'X-Forwarded-For': '<b>1.2.3.4' }, ['x', null]],
    ['with an IPv6 address', { 'User-Agent': 'x', 'X-Forwarded-For': '2001:db8:1:2::3' }, ['x', '2001:db8:1::']],
    ['with HTML', { 'User-Agent': '<script>alert(1)</script>' }, ['<script>alert(1)</script>', '127.0.0.0']],
    ['with a long user agent', { 'User-Agent': 'x'.repeat(5000) }, ['x'.repeat(512), '127.0.0.0']],
  ])('are stored %s', async (_name, headers, [userAgent, ipAddress]) => {
    await login(app, headers as Record<string, string>);
    expect(await devicesOf(app)).toMatchObject([{ userAgent, ipAddress }]);
  });

  it('are stored at a login without regenerate, by update, and by a regenerate that keeps the user', async () => {
    const guest = await app.browser({ cart: 1 });
    const headers = { 'User-Agent': FIREFOX };
    expect((await app.run('select user_agent from {table}'))[0]?.user_agent).toBeNull();
    await send(guest, app, '/login-by-update', { user: 'anna' }, headers);
    expect(await devicesOf(app)).toMatchObject([{ userAgent: FIREFOX }]);
    await send(guest, app, '/move', {}, { 'User-Agent': 'Moved' });
    expect(await devicesOf(app)).toMatchObject([{ userAgent: 'Moved' }]);
    await send(guest, app, '/set', { user: 'berta' }, { 'User-Agent': 'Berta' });
    expect([await devicesOf(app), await devicesOf(app, 'berta')]).toMatchObject([[], [{ userAgent: 'Berta' }]]);
  });

  it('stay as they logged in, whatever later requests send', async () => {
    const browser = await login(app);
    await send(browser, app, '/set', { a: 1 }, { 'User-Agent': 'Stolen' });
    expect(await devicesOf(app)).toMatchObject([{ userAgent: FIREFOX }]);
  });

  it('tell when a session was used last, without a write of its values', async () => {
    const browser = await login(app);
    await app.age(10 * MINUTE);
    await app.run('update {table} set last_seen_at = null');
    const [before] = await devicesOf(app);
    expect(before!.lastSeenAt).toEqual(before!.updatedAt);
    await browser.get('/nothing');
    const [after] = await devicesOf(app);
    expect(after!.updatedAt).toEqual(before!.updatedAt);
    expect(after!.lastSeenAt!.getTime() - before!.lastSeenAt!.getTime()).toBeGreaterThan(9 * MINUTE);
    await app.run(`update {table} set last_seen_at = ${app.context.dialect.fromNow(String(-MINUTE))}`);
    await browser.post('/set', { a: 1 });
    const [written] = await devicesOf(app);
    expect(written!.updatedAt.getTime() - after!.updatedAt.getTime()).toBeGreaterThan(9 * MINUTE);
    expect(written!.lastSeenAt!.getTime()).toBeGreaterThanOrEqual(written!.updatedAt.getTime());
  });

  it('have a label, which their own user sets', async () => {
    const [own, foreign] = [await login(app), await login(app, undefined, { user: 'berta' })];
    const [{ handle }] = (await own.get('/devices')).body as [UserSession];
    const put = (browser: Browser, label: unknown) =>
      supertest(app.app.getHttpServer())
        .put(`/devices/${handle}`)
        .set('Cookie', browser.cookie)
        .send({ label: label as string });
    expect((await put(foreign, 'Mine')).status).toBe(404);
    expect((await put(own, 'Phone 😀')).status).toBe(204);
    expect((await put(own, 'Phone 😀')).status).toBe(204);
    expect(await devicesOf(app)).toMatchObject([{ deviceLabel: 'Phone 😀' }]);
    const { status, body } = await put(own, '\u001b[2J');
    expect([status, body.message]).toEqual([400, 'Invalid device label']);
    await own.post('/set', { a: 1 });
    expect(await devicesOf(app)).toMatchObject([{ deviceLabel: 'Phone 😀', userAgent: FIREFOX }]);
    expect((await put(own, null)).status).toBe(204);
    expect(await devicesOf(app)).toMatchObject([{ deviceLabel: null }]);
    expect(await app.sessions.labelDevice({ userId: 'anna', handle: 'x'.repeat(22), label: 'x' })).toBe(false);
  });

  it('conflict with no request that runs meanwhile', async () => {
    const browser = await login(app);
    const [{ handle }] = (await devicesOf(app)) as [UserSession];
    await Promise.all([
      ...Array.from({ length: 10 }, (_, i) => app.sessions.labelDevice({ userId: 'anna', handle, label: `label ${i}` })),
      ...Array.from({ length: 10 }, (_, i) => browser.post('/set', { [`key${i}`]: i })),
    ]);
    expect(Object.keys(await browser.session())).toHaveLength(11);
    expect((await devicesOf(app))[0]!.deviceLabel).toMatch(/^label \d$/);
  });

  it('are erased with the session', async () => {
    const browser = await login(app);
    await browser.delete('/devices');
    expect(await app.rows()).toBe(0);
  });

  it('of a row that the handover has ended are emptied', async () => {
    const browser = await login(app);
    const key = storageKeyIn(browser);
    const [row] = await app.run('select commit_id from {table}');
    const own = app.app.get(SessionRepository);
    expect(await own.end(key, { version: 0, commitId: String(row!.commit_id) }, 'the end')).toBe(true);
    expect(await app.run('select user_agent, ip_address, user_id from {table}')).toEqual([
      { user_agent: null, ip_address: null, user_id: null },
    ]);
  });

  it('are written to the row of their user only', async () => {
    const browser = await login(app);
    const users = app.app.get(SessionRepository).users!;
    const key = storageKeyIn(browser);
    const texts = { userAgent: 'x', ipAddress: null };
    expect(await users.writeDevice(key, 'Anna', texts)).toBe(false);
    expect(await users.writeDevice('absent', 'anna', texts)).toBe(false);
    await app.age(25 * 60 * MINUTE);
    expect(await users.writeDevice(key, 'anna', texts)).toBe(false);
    expect((await app.run('select user_agent from {table}'))[0]?.user_agent).toBe(FIREFOX);
  });
});

describe.each(ONE_PER_SERVER)('devices on %s', (database) => {
  const apps: SessionsApp[] = [];
  const start = async (options: Partial<SmartSessionModuleOptions>, tableName = `devices_${apps.length}_${database}`) => {
    const app = await SessionsApp.start(database, { tableName, userId: 'user', ...options }, settings);
    apps.push(app);
    await app.clear();
    return app;
  };
  let oddApp: SessionsApp | undefined;
  /** One app for all cases. */
  const oddHeaders = async () => {
    oddApp ??= await SessionsApp.start(
      database,
      { tableName: `devices_odd_${database}`, userId: 'user', devices: { ip: 'full' } },
      settings,
    );
    await oddApp.clear();
    return oddApp;
  };
  afterAll(() => oddApp?.close());
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

  it.each([
    [true, FIREFOX, null],
    [{}, FIREFOX, null],
    [{ ip: 'full' }, FIREFOX, '203.0.113.77'],
    [{ ip: 'anonymized' }, FIREFOX, '203.0.113.0'],
    [false, null, null],
    [undefined, null, null],
  ] as const)('store with the option %j: %s, %s', async (devices, userAgent, ipAddress) => {
    const app = await start(devices === undefined ? {} : { devices });
    await login(app);
    expect(await devicesOf(app)).toMatchObject([{ userAgent, ipAddress, deviceLabel: null }]);
    const [row] = await app.run('select user_agent, ip_address, last_seen_at from {table}');
    expect(row).toEqual({ user_agent: userAgent, ip_address: ipAddress, last_seen_at: null });
  });

  it('are sealed with the first key, each for its own row and column', async () => {
    const app = await start({ devices: { ip: 'full' }, encryption: { keys: [KEY] } });
    await login(app);
    const [{ handle }] = (await devicesOf(app)) as [UserSession];
    await app.sessions.labelDevice({ userId: 'anna', handle, label: 'Phone' });
    const shown = { userAgent: FIREFOX, ipAddress: '203.0.113.77', deviceLabel: 'Phone' };
    expect(await devicesOf(app)).toMatchObject([shown]);
    const [row] = await app.run('select user_agent, ip_address, device_label from {table}');
    for (const text of Object.values(row!)) expect(text).toMatch(/^sealed\.1\./);
    await app.run('update {table} set device_label = user_agent');
    expect(await devicesOf(app)).toMatchObject([{ ...shown, deviceLabel: null }]);
  });

  it.each<[string, readonly string[], [userAgent: string | null, ipAddress: string | null]]>([
    ['a repeated user agent', ['User-Agent: one', 'User-Agent: two'], ['one', '127.0.0.1']],
    ['an empty user agent', ['User-Agent: '], [null, '127.0.0.1']],
    ['a tabulator', ['User-Agent: a\tb'], ['a\ufffdb', '127.0.0.1']],
    ['bytes of Latin-1', ['User-Agent: caf\xe9 \x9b31m'], ['café \ufffd31m', '127.0.0.1']],
    ['600 characters of two bytes', [`User-Agent: ${'\xe9'.repeat(600)}`], ['é'.repeat(256), '127.0.0.1']],
    ['a text like an encrypted one', ['User-Agent: sealed.1.0123abcd.AAAA'], [null, '127.0.0.1']],
    ['quotes and backslashes', [String.raw`User-Agent: '); drop table x; -- \\' "`], [String.raw`'); drop table x; -- \\' "`, '127.0.0.1']],
    ['an IPv4 address in IPv6', ['X-Forwarded-For: ::ffff:203.0.113.77'], [null, '203.0.113.77']],
    ['an IPv6 address with a zone', ['X-Forwarded-For: fe80::1%eth0'], [null, 'fe80::1']],
    ['an address with a port', ['X-Forwarded-For: 203.0.113.7:4711'], [null, '203.0.113.7']],
    ['an address in brackets', ['X-Forwarded-For: [2001:db8::1]:4711'], [null, '2001:db8::1']],
    ['the address "unknown"', ['X-Forwarded-For: unknown'], [null, null]],
    ['HTML as address', ['X-Forwarded-For: "><script>alert(1)</script>'], [null, null]],
    ['an address of 5 KB', [`X-Forwarded-For: ${'1'.repeat(5000)}`], [null, null]],
    ['an empty address', ['X-Forwarded-For: '], [null, '127.0.0.1']],
  ])('are stored for %s', async (_name, lines, [userAgent, ipAddress]) => {
    const app = await oddHeaders();
    expect(await rawLogin(app, lines)).toBe(201);
    expect(await devicesOf(app)).toMatchObject([{ userAgent, ipAddress }]);
  });

  it.each([
    ['100 KB', [`User-Agent: ${'x'.repeat(100_000)}`], 431],
    ['a NUL', ['User-Agent: a\0b'], 400],
    ['a line break', ['User-Agent: a\rb'], 400],
  ])('are not stored for a user agent with %s, which Node refuses', async (_name, lines, status) => {
    const app = await oddHeaders();
    expect(await rawLogin(app, lines)).toBe(status);
    expect(await app.rows()).toBe(0);
  });

  describe.each([
    ['in plain', undefined],
    ['encrypted', { keys: [KEY] }],
  ])('%s', (_name, encryption) => {
    it('keep each label and each user agent as it was given', async () => {
      const app = await start({ devices: true, ...(encryption && { encryption }) });
      await login(app);
      const [session] = await devicesOf(app);
      const { handle } = session!;
      for (const label of LABELS) {
        expect(await app.sessions.labelDevice({ userId: 'anna', handle, label })).toBe(true);
        expect((await devicesOf(app)).map(({ deviceLabel }) => deviceLabel)).toEqual([label]);
      }
      const users = app.app.get(SessionRepository).users!;
      const key = (await app.run('select session_id from {table}'))[0]!.session_id as string;
      await users.writeDevice(key, 'anna', { userAgent: encryption ? null : '😀'.repeat(128), ipAddress: null });
      if (!encryption) expect(await devicesOf(app)).toMatchObject([{ userAgent: '😀'.repeat(128) }]);
    });
  });

  it('are listed although one of them cannot be decrypted', async () => {
    const app = await start({ devices: { ip: 'full' }, encryption: { keys: [KEY] } });
    const [lost, read] = [await login(app), await login(app)];
    await app.run(
      `update {table} set user_agent = 'sealed.1.00000000.AAAA', ip_address = 'cut' where session_id = '${storageKeyIn(lost)}'`,
    );
    const listed = await devicesOf(app);
    expect(listed.map(({ userAgent, ipAddress }) => [userAgent, ipAddress])).toEqual(expect.arrayContaining([[FIREFOX, '203.0.113.77'], [null, null]])); // prettier-ignore
    expect(await read.session()).toEqual({ user: 'anna' });
  });

  it('have the name that the app gives them', async () => {
    const app = await start({ devices: { describe: (userAgent) => userAgent.split('/').at(-2)?.split(' ')[1] } });
    await login(app);
    await login(app, {});
    const listed = (await devicesOf(app)).map(({ userAgent, deviceName }) => [userAgent, deviceName]);
    expect(listed).toEqual(expect.arrayContaining([[FIREFOX, 'Firefox'], [null, null]])); // prettier-ignore
    expect(await app.run('select ip_address, device_label from {table}')).toEqual(
      [1, 2].map(() => ({ ip_address: null, device_label: null })),
    );
  });

  it('stop the start on a table of layout 1, which works without the option', async () => {
    const tableName = `devices_old_${database}`;
    const directory = await mkdtemp(join(tmpdir(), 'devices-'));
    const connection = { ...CONNECTIONS[database], ...(database === 'sqlite' ? { dbName: join(directory, 'sessions.db') } : {}) };
    const app = await start({ connection } as never, tableName);
    const { run } = app.context.runner;
    await dropTables(database, run, tableName);
    await makeLayout1(database, run, tableName);
    await login(app);
    expect(await devicesOf(app)).toMatchObject([{ userAgent: null, lastSeenAt: null }]);
    const failure: unknown = await SessionsApp.start(database, { connection, tableName, userId: 'user', devices: true } as never).catch(
      (error: unknown) => error,
    );
    await rm(directory, { recursive: true });
    expect(failure).toBeInstanceOf(SmartSessionConfigError);
    expect(failure).toMatchObject({
      option: 'devices',
      message: expect.stringMatching(/lacks the columns .*user_agent.*Run `npx smart-session create-table --upgrade`/),
    });
  });

  it('leave a login valid if they cannot be stored', async () => {
    const app = await start({ devices: true });
    const users = app.app.get(SessionRepository).users!;
    const { writeDevice } = users;
    users.writeDevice = () => Promise.reject(new Error('no'));
    const browser = await login(app);
    users.writeDevice = writeDevice.bind(users);
    expect(await browser.session()).toEqual({ user: 'anna' });
    expect(await devicesOf(app)).toMatchObject([{ userAgent: null }]);
    expect(sessionIdOf(browser)).not.toBe('');
  });
});

describe('the option devices', () => {
  it.each([
    [{ devices: true }, /without `userId`/],
    [{ devices: { ip: 'anonymised' }, userId: 'user' }, /'anonymised'.*ip: 'anonymized'/],
    [{ devices: { ips: 'full' }, userId: 'user' }, /ips: 'full'/],
    [{ devices: { describe: 'Firefox' }, userId: 'user' }, /describe: 'Firefox'.*`describe`, a function/],
    [{ devices: [], userId: 'user' }, /\[\] was given/],
    [{ devices: 'full', userId: 'user' }, /"full" was given/],
  ])('stops the start: %j', async (wrong, message) => {
    const failure: unknown = await SessionsApp.start('sqlite', { tableName: 'wrong', ...(wrong as object) }).then(
      (app) => app.close(),
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(SmartSessionConfigError);
    expect(failure).toMatchObject({ option: 'devices', message: expect.stringMatching(message) });
  });

  it('is needed for a label', async () => {
    const app = await SessionsApp.start('sqlite', { tableName: 'unlabelled', userId: 'user' }, settings);
    const failure: unknown = await app.sessions.labelDevice({ userId: 'anna', handle: 'x', label: 'x' }).catch((error: unknown) => error);
    await app.close();
    expect(failure).toMatchObject({ option: 'devices', message: expect.stringContaining('devices: true') });
  });
});
