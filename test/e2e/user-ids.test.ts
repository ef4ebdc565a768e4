import { Body, Controller, Logger, Module, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService, SmartSessionModule, type SmartSessionModuleOptions } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { SessionsApp } from '../support/sessions-app.js';

type Find = NonNullable<SmartSessionModuleOptions['userId']>;

@Controller()
class UserController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login-as') async login(@Req() request: Request, @Body() values: object): Promise<void> {
    await this.sessions.regenerate(request);
    Object.assign(request.session, values);
  }
}

@Module({ controllers: [UserController] })
class UserModule {}

describe.each(DATABASES)('the option userId on %s', (database) => {
  let app: SessionsApp;
  let find: (session: Readonly<Record<string, unknown>>) => unknown;

  beforeAll(async () => {
    const userId = ((session) => find(session)) as Find;
    app = await SessionsApp.start(database, { tableName: `user_ids_${database}`, userId, maxSessionsPerUser: 1 }, { imports: [UserModule] });
  });
  beforeEach(() => {
    find = ({ user }) => user;
    return app.clear();
  });
  afterAll(() => app.close());

  async function login(values: object): Promise<[browser: Browser, status: number]> {
    const browser = new Browser(app.app);
    return [browser, (await browser.post('/login-as', values)).status];
  }

  it.failing.each([{ id: 7 }, [7], {}, true, false, 0.5, 2 ** 53, 1e21, '\ud800'])('refuses the user id %j, and stores nothing', async (user) => {
    const [browser, status] = await login({ user });
    expect([status, await app.rows(), await browser.session()]).toEqual([500, 0, {}]);
  });

  it.failing('ends no session of another user whose id is an object too', async () => {
    const [anna] = await login({ a: 1 });
    await login({ user: { id: 1 } });
    await anna.post('/set', { user: { id: 2 } });
    expect(await anna.session()).toEqual({ a: 1 });
  });

  it.failing.each([''])('takes %p for no user', async (user) => {
    const browsers = [await login({ user, n: 1 }), await login({ user, n: 2 })];
    expect(browsers.map(([, status]) => status)).toEqual([201, 201]);
    expect(await app.rows()).toBe(2);
  });

  it.each([[7, '7', 7n], [-3, '-3', -3n], [-0, '0', 0n]])('takes %p, %p and %p for one user', async (number, text, bigint) => {
    await login({ user: number });
    await login({ user: text });
    expect(await app.rows()).toBe(1);
    for (const userId of [number, text, bigint]) expect(await app.sessions.list({ userId: userId as string })).toHaveLength(1);
    expect(await app.sessions.destroyAll({ userId: bigint as unknown as string })).toBe(1);
  });

  it.failing.each([{}, ['7'], true, '', NaN, Infinity, null, undefined, Symbol('7'), 'a\0', () => '7'])('refuses to list or destroy the sessions of %p', async (given) => {
    await login({ user: '7' });
    const userId = given as string;
    const { sessions } = app;
    for (const [name, call] of Object.entries({ list: () => sessions.list({ userId }), destroyAll: () => sessions.destroyAll({ userId }), destroyOne: () => sessions.destroyOne({ userId, handle: 'x' }) })) {
      await expect(call()).rejects.toMatchObject({ name: 'SessionUserIdError', message: expect.stringContaining(`\`${name}\``) });
    }
    expect(await app.rows()).toBe(1);
  });
});

describe('in development', () => {
  const warnings: string[] = [];
  const { NODE_ENV } = process.env;
  let app: SessionsApp | undefined;

  async function start(userId: Find): Promise<(values: object) => Promise<void>> {
    const prepare = () => Logger.overrideLogger({ log() {}, warn: (line: string) => warnings.push(line), error() {} });
    app = await SessionsApp.start('sqlite', { tableName: 'user_watch', userId }, { imports: [UserModule], prepare });
    return async (values) => void (await new Browser(app!.app).post('/login-as', values));
  }
  const misses = () => warnings.filter((line) => line.includes('`userId`'));

  afterEach(async () => {
    warnings.length = 0;
    process.env.NODE_ENV = NODE_ENV;
    Logger.overrideLogger(false);
    await app?.close();
  });

  it.failing('warns once when a login sets no user, and names keys and no value', async () => {
    const login = await start('usr' as Find);
    await login({ user: 'canary', 'a\nb': 1 });
    await login({ user: 'canary' });
    expect(misses()).toHaveLength(1);
    expect(misses()[0]).toContain('"usr"');
    expect(misses()[0]).toContain('"user", "a\\nb"');
    expect(misses()[0]).not.toContain('canary');
  });

  it('is silent once a login has set a user, also of those that follow', async () => {
    const login = await start('user' as Find);
    await login({ user: 'anna' });
    await login({ flash: 'bye' });
    expect(misses()).toEqual([]);
  });

  it('is silent of sessions that are no logins, or not stored', async () => {
    const login = await start((({ usr }) => usr) as Find);
    await login({});
    await app!.browser();
    expect(misses()).toEqual([]);
  });

  it('is silent in production', async () => {
    process.env.NODE_ENV = 'production';
    const { NODE_ENV: _, ...options } = { NODE_ENV, secret: 'c29tZSByYW5kb20gdGV4dCBvZiAzMiBieXRlcw' };
    const module = SmartSessionModule.forRoot('sqlite', { connection: { dbName: ':memory:' }, createTable: true, userId: 'usr' as Find, ...options });
    app = await SessionsApp.start('sqlite', { tableName: 'sessions' }, { module, imports: [UserModule], prepare: () => Logger.overrideLogger({ log() {}, warn: (line: string) => warnings.push(line), error() {} }) });
    await new Browser(app.app).post('/login-as', { user: 'anna' });
    expect(misses()).toEqual([]);
  });
});
