import { Body, Controller, Logger, Module, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService, SmartSessionModule, type DialectName, type SmartSessionModuleOptions } from '../../src/index.js';
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

/** An app whose `userId` is the test's, and lets a user have one session. */
class UserIdApp {
  find: (session: Readonly<Record<string, unknown>>) => unknown = ({ user }) => user;
  app!: SessionsApp;

  async start(database: DialectName): Promise<void> {
    const userId = ((session) => this.find(session)) as Find;
    this.app = await SessionsApp.start(
      database,
      { tableName: `user_ids_${database}`, userId, maxSessionsPerUser: 1 },
      { imports: [UserModule] },
    );
  }

  async login(values: object): Promise<[browser: Browser, status: number]> {
    const browser = new Browser(this.app.app);
    return [browser, (await browser.post('/login-as', values)).status];
  }
}

describe.each(DATABASES)('the option userId on %s', (database) => {
  const on = new UserIdApp();

  beforeAll(() => on.start(database));
  beforeEach(() => {
    on.find = ({ user }) => user;
    return on.app.clear();
  });
  afterAll(() => on.app.close());

  it('ends no session of another user whose id is an object too', async () => {
    const [anna] = await on.login({ a: 1 });
    await on.login({ user: { id: 1 } });
    await anna.post('/set', { user: { id: 2 } });
    expect(await anna.session()).toEqual({ a: 1 });
  });

  it.each([null, '', undefined])('takes %o for no user', async (user) => {
    const browsers = [await on.login({ user, n: 1 }), await on.login({ user, n: 2 })];
    expect(browsers.map(([, status]) => status)).toEqual([201, 201]);
    expect(await on.app.rows()).toBe(2);
  });

  it.each([
    [7, '7', 7n],
    [-3, '-3', -3n],
    [-0, '0', 0n],
  ])('takes %o, %o and %o for one user', async (number, text, bigint) => {
    await on.login({ user: number });
    await on.login({ user: text });
    expect(await on.app.rows()).toBe(1);
    for (const userId of [number, text, bigint]) expect(await on.app.sessions.list({ userId })).toHaveLength(1);
    expect(await on.app.sessions.destroyAll({ userId: bigint })).toBe(1);
  });
});

describe('the option userId', () => {
  const on = new UserIdApp();

  beforeAll(() => on.start(DATABASES[0]!));
  beforeEach(() => {
    on.find = ({ user }) => user;
    return on.app.clear();
  });
  afterAll(() => on.app.close());

  it.each([{ id: 7 }, [7], [], {}, true, false, 0.5, 2 ** 53, 1e21, 'x'.repeat(256), 'a\0', '\ud800'])(
    'refuses the user id %j, and stores nothing',
    async (user) => {
      const [browser, status] = await on.login({ user });
      expect([status, await on.app.rows(), await browser.session()]).toEqual([500, 0, {}]);
    },
  );

  it.each([{}, ['7'], true, '', NaN, Infinity, null, undefined, Symbol('7'), 'a\0', () => '7'])(
    'refuses to list or destroy the sessions of %o',
    async (given) => {
      await on.login({ user: '7' });
      const userId = given as string;
      const { sessions } = on.app;
      for (const [name, call] of Object.entries({
        list: () => sessions.list({ userId }),
        destroyAll: () => sessions.destroyAll({ userId }),
        destroyOne: () => sessions.destroyOne({ userId, handle: 'x' }),
      })) {
        await expect(call()).rejects.toMatchObject({ name: 'SessionUserIdError', message: expect.stringContaining(`\`${name}\``) });
      }
      expect(await on.app.rows()).toBe(1);
    },
  );

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new TypeError('canary');
      },
    ],
    [
      'throws nothing',
      () => {
        throw undefined;
      },
    ],
    [
      'throws null',
      () => {
        throw null;
      },
    ],
    [
      'throws a text',
      () => {
        throw 'canary';
      },
    ],
    [
      'throws an object without a prototype',
      () => {
        throw Object.create(null);
      },
    ],
    ['returns a promise', async () => 'anna'],
    ['returns a promise that rejects', () => Promise.reject(new Error('canary'))],
  ])('answers 500, and stores nothing, where the function %s', async (_name, broken) => {
    const [browser] = await on.login({ user: 'anna' });
    on.find = broken;
    expect((await browser.post('/set', { b: 1 })).status).toBe(500);
    expect((await browser.delete('/session')).status).toBe(200);
    on.find = ({ user }) => user;
    expect([await browser.session(), await on.app.rows()]).toEqual([{}, 0]);
  });

  it('lets a request log in anew whose stored user id is refused now', async () => {
    const [browser] = await on.login({ user: 'anna' });
    on.find = ({ user }) => (user === 'anna' ? { user } : user);
    expect((await browser.post('/login-as', { user: 'berta' })).status).toBe(201);
    expect([await browser.session(), await on.app.rows()]).toEqual([{ user: 'berta' }, 1]);
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

  it('warns once when a login sets no user, and names keys and no value', async () => {
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
    const module = SmartSessionModule.forRoot('sqlite', {
      connection: { dbName: ':memory:' },
      createTable: true,
      userId: 'usr' as Find,
      ...options,
    });
    app = await SessionsApp.start(
      'sqlite',
      { tableName: 'sessions' },
      {
        module,
        imports: [UserModule],
        prepare: () => Logger.overrideLogger({ log() {}, warn: (line: string) => warnings.push(line), error() {} }),
      },
    );
    await new Browser(app.app).post('/login-as', { user: 'anna' });
    expect(misses()).toEqual([]);
  });
});
