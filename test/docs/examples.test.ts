import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EventEmitter } from 'node:events';
import { Logger, Module, type DynamicModule, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { TerminusModule } from '@nestjs/terminus';
import { EntityManager } from '@mikro-orm/core';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { DatabaseContext, SessionService, SmartSessionTestingModule, type SmartSessionTestingOptions } from 'nestjs-smart-session';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { readPage, shellLines } from '../support/markdown.js';
import { createDatabase, dropDatabase } from '../support/scratch-database.js';
import { POSTGRESQL } from '../support/servers.js';
import { sessionIdOf } from '../support/sessions-app.js';
import { signedCookie } from '../support/signed-cookie.js';
import { startTestApp, type TestAppSettings } from '../support/test-app.js';
import { HealthController } from './health.controller.js';
import { CartController } from './cart.controller.js';
import { bind } from './live.js';
import { LoginModule, exportAndErase, userSessions, withDevices } from './managing-sessions.js';
import { merging, ownRules } from './merging.js';
import { cookieOrHeader } from './clients-without-cookies.js';
import { Money, codec } from './money-codec.js';
import { moneyOnRich } from './money-on-rich.js';
import { keptCookies } from './moving-in.js';
import { EXAMPLES_DATABASE, ormOptions } from './orm-options.js';
import { ownDatabase } from './own-database.js';
import { ownPool } from './own-pool.js';
import { safeCookie, sealed } from './security.js';
import { SessionErrorFilter } from './session-error.filter.js';
import { CheckoutService, Order, OrderSchema, type Stock } from './checkout.service.js';
import { TokensService, type IdentityProvider } from './tokens.service.js';
import { SecurityLog, sessionsWithEvents } from './session-events.js';

@Module({ imports: [EventEmitterModule.forRoot()], providers: [SecurityLog] })
class LoggingModule {}

@Module({ imports: [TerminusModule], controllers: [HealthController] })
class HealthModule {}

@Module({ controllers: [CartController] })
class CartModule {}

/** A WebSocket without a network. */
class RecordedClient extends EventEmitter {
  readonly said: string[] = [];
  closed: unknown;
  send(text: string): void {
    this.said.push(text);
  }
  close(...closed: [code: number, reason: string]): void {
    this.closed = closed;
    this.emit('close');
  }
}

const onPostgres = DATABASES.includes('postgresql') ? describe : describe.skip;

onPostgres('the examples, on PostgreSQL', () => {
  const { host, port, user, password } = POSTGRESQL;
  let app: INestApplication;

  beforeAll(async () => {
    Object.assign(process.env, {
      SESSION_SECRET: 'a secret of the examples alone',
      SESSION_KEY: Buffer.from(Array.from({ length: 32 }, (_, n) => n)).toString('base64'),
      SESSIONS_DATABASE_URL: `postgresql://${user}:${password}@${host}:${port}/${EXAMPLES_DATABASE}`,
    });
    await createDatabase('postgresql', EXAMPLES_DATABASE);
    const { AppModule } = await import('./getting-started.js');
    app = await NestFactory.create(AppModule, { logger: false });
    await app.listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    await app.close();
    await dropDatabase('postgresql', EXAMPLES_DATABASE);
  });

  /** Runs work on an app with one of the modules that the pages show; the table is there. */
  async function on(
    module: DynamicModule,
    work: (browser: Browser, started: INestApplication) => Promise<void>,
    others: NonNullable<ModuleMetadata['imports']> = [],
  ): Promise<void> {
    const started = await startTestApp('postgresql', { imports: [MikroOrmModule.forRoot(ormOptions), LoginModule, ...others], module });
    try {
      await work(new Browser(started), started);
    } finally {
      await started.close();
    }
  }

  it('getting started: keeps the cart, and refuses a quantity that is no number', async () => {
    const browser = new Browser(app);
    await browser.post('/cart/tea/2');
    await browser.post('/cart/mug/1');
    const added = [
      { sku: 'tea', quantity: 2 },
      { sku: 'mug', quantity: 1 },
    ];
    expect((await browser.get('/cart')).body).toEqual(added);
    expect((await browser.post('/cart/tea/two')).status).toBe(400);
    expect((await new Browser(app).get('/cart')).body).toEqual([]);
  });

  it('a database of its own', () =>
    on(ownDatabase(), async (browser) => {
      await browser.post('/set', { visits: 1 });
      expect(await browser.session()).toEqual({ visits: 1 });
    }));

  it("the app's own pool", () =>
    on(ownPool(), async (browser) => {
      await browser.post('/set', { visits: 1 });
      expect(await browser.session()).toEqual({ visits: 1 });
    }));

  it('a cookie or a header', () =>
    on(cookieOrHeader(), async (_browser, started) => {
      const url = await started.getUrl();
      const { headers } = await fetch(`${url}/session`, { headers: { authorization: 'Session' } });
      expect(headers.get('authorization')).toBeNull();
      const first = await fetch(`${url}/save-and-reload`, { method: 'POST', headers: { authorization: 'Session' } });
      const authorization = first.headers.get('authorization')!;
      const second = await fetch(`${url}/session`, { headers: { authorization } });
      expect(await second.json()).toMatchObject({ saved: 1 });
    }));

  it("a cookie or a header, by the page's commands in the quick start", () =>
    on(
      cookieOrHeader(),
      async (_browser, started) => {
        const directory = mkdtempSync(join(tmpdir(), 'without-cookies-'));
        const commands = shellLines(readPage('docs/setup.md')).filter((line) => line.startsWith('curl '));
        const script = commands.join('\n').replaceAll('localhost:3000', new URL(await started.getUrl()).host);
        try {
          const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: directory });
          expect(JSON.parse(stdout)).toEqual([{ sku: 'tea', quantity: 2 }]);
        } finally {
          rmSync(directory, { recursive: true });
        }
      },
      [CartModule],
    ));

  it('devices, an export and an erasure', () =>
    on(withDevices(), async (browser, started) => {
      await browser.post('/set', { user: 'anna' });
      const { stored, erased } = await exportAndErase(started.get(SessionService, { strict: false }), 'anna');
      expect(stored).toMatchObject({ userId: 'anna', sessions: [{ ipAddress: '127.0.0.0', data: { user: 'anna' } }] });
      expect([erased, await browser.session()]).toEqual([1, {}]);
    }));

  it('work that runs once', () =>
    on(userSessions(), async (browser, started) => {
      const sessions = started.get(SessionService, { strict: false });
      await browser.post('/set', { tokens: { accessToken: 'a1', refreshToken: 'r1', expiresAt: 0 } });
      let redeemed = 0;
      const provider: IdentityProvider = {
        refresh: async () => ({ accessToken: 'a2', refreshToken: 'r2', expiresAt: Date.now() + 60_000 + ++redeemed }),
      };
      const tokens = new TokensService(sessions, provider);
      const tabs = await Promise.all([1, 2, 3].map(() => sessions.load(sessionIdOf(browser))));
      expect(await Promise.all(tabs.map((session) => tokens.accessToken(session!)))).toEqual(['a2', 'a2', 'a2']);
      expect(redeemed).toBe(1);
    }));

  it('a connection that is told of changes, and closed with its session', () =>
    on(userSessions(), async (browser, started) => {
      const sessions = started.get(SessionService, { strict: false });
      await browser.post('/set', { cart: [] });
      const client = new RecordedClient();
      bind(client, sessionIdOf(browser), sessions);
      await vi.waitFor(() => {
        client.emit('message', 'hello');
        expect(client.said).toContain('you said hello');
      });
      await browser.post('/set', { cart: [{ sku: 'tea', quantity: 1 }] });
      await vi.waitFor(() => expect(client.said).toContain('{"changed":["cart"]}'), { timeout: 5000 });
      await browser.delete('/login');
      await vi.waitFor(() => expect(client.closed).toEqual([4401, 'ended']), { timeout: 5000 });
    }));

  it('a session and rows of the app in one transaction, and a lock in code', async () => {
    const withOrders = MikroOrmModule.forRoot({ ...ormOptions, entities: [OrderSchema] });
    const started = await startTestApp('postgresql', { imports: [withOrders, LoginModule], module: userSessions() });
    try {
      const [browser, em] = [new Browser(started), started.get(EntityManager, { strict: false }).fork()];
      await em.getConnection().execute('create table "order" (id serial primary key, items varchar(1000) not null)');
      const reserved: string[] = [];
      const stock: Stock = { reserve: async (sku) => void reserved.push(sku) };
      const sessions = started.get(SessionService, { strict: false });
      const checkout = new CheckoutService(sessions, em, stock);
      await browser.post('/set', { cart: [{ sku: 'tea', quantity: 1 }] });
      const tabs = await Promise.all([1, 2, 3].map(async () => (await sessions.load(sessionIdOf(browser)))!));
      await checkout.reserve(tabs[0]!);
      expect((await Promise.all(tabs.map((session) => checkout.order(session)))).toSorted()).toEqual([false, false, true]);
      await checkout.visit(tabs[1]!);
      expect(await browser.session()).toEqual({ cart: [], visits: 1, reservedAt: expect.any(Number) });
      expect([reserved, await em.count(Order)]).toEqual([['tea'], 2]);
    } finally {
      await started.close();
    }
  });

  it('merge rules', () =>
    on(merging(), async (browser, started) => {
      await browser.post('/set', { visits: 1, cart: [{ sku: 'tea', quantity: 1 }], preferences: { theme: 'dark' } });
      await race(started, browser, [
        { visits: 2, cart: [{ sku: 'tea', quantity: 2 }], preferences: { theme: 'dark', size: 'S' }, user: 'anna' },
        {
          visits: 2,
          cart: [
            { sku: 'tea', quantity: 1 },
            { sku: 'mug', quantity: 1 },
          ],
          preferences: { theme: 'light' },
          user: 'ben',
        },
      ]);
      expect(await browser.session()).toEqual({
        visits: 3,
        cart: [
          { sku: 'tea', quantity: 2 },
          { sku: 'mug', quantity: 1 },
        ],
        preferences: { theme: 'light', size: 'S' },
        user: 'ben',
      });
    }));

  it('login keeps the cart, and logout ends the session', () =>
    on(userSessions(), async (browser) => {
      await browser.post('/set', { cart: [{ sku: 'tea', quantity: 1 }], visits: 1 });
      await browser.post('/log-in', { id: 'anna' });
      expect(await browser.session()).toEqual({ cart: [{ sku: 'tea', quantity: 1 }], user: 'anna' });
      await browser.delete('/login');
      expect(await browser.session()).toEqual({});
    }));

  it('a log of what becomes of sessions', async () => {
    const logged: unknown[] = [];
    const logger = { log: (message: unknown) => void logged.push(message), error: () => {}, warn: () => {} };
    await on(
      sessionsWithEvents(),
      async (browser) => {
        Logger.overrideLogger(logger);
        await browser.post('/log-in', { id: 'anna' });
        await browser.delete('/login');
        Logger.overrideLogger(false);
      },
      [LoggingModule],
    );
    const session = { handle: expect.any(String), userId: 'anna' };
    expect(logged).toEqual([
      { message: 'session created', ...session },
      { message: 'session destroyed', ...session, reason: 'logout' },
    ]);
  });

  it('the cookie that OWASP recommends is sent by https only', () =>
    on(safeCookie(), async (browser, started) => {
      started.getHttpAdapter().getInstance().set('trust proxy', 1);
      expect((await browser.post('/set', { a: 1 })).headers['set-cookie']).toBeUndefined();
      const headers = { 'x-forwarded-proto': 'https', 'content-type': 'application/json' };
      const response = await fetch(`${await started.getUrl()}/set`, { method: 'POST', headers, body: '{"a":1}' });
      expect(response.headers.getSetCookie()[0]).toMatch(/^__Host-sid=.*; Secure/);
    }));

  it('cookies from before', () =>
    on(keptCookies(), async (browser) => {
      await browser.post('/set', { a: 1 });
      const before = browser.cookie;
      browser.cookie = signedCookie(sessionIdOf(browser), 'keyboard cat', 'connect.sid');
      expect(await browser.session()).toEqual({ a: 1 });
      // Sent anew, signed by the first.
      expect(browser.cookie).toBe(before);
    }));

  it('sealed data', () =>
    on(sealed(), async (browser, started) => {
      await browser.post('/set', { card: 'of the customer' });
      expect(await browser.session()).toEqual({ card: 'of the customer' });
      const { rows } = await started
        .get(DatabaseContext, { strict: false })
        .runner.run("select data from sessions where data like 'sealed.1.%'");
      expect(rows).toHaveLength(1);
    }));
});

describe('the examples, in memory', () => {
  /** Runs work on an app whose sessions are in memory. */
  async function on(
    options: SmartSessionTestingOptions,
    work: (browser: Browser, app: INestApplication) => Promise<void>,
    prepare?: TestAppSettings['prepare'],
  ): Promise<void> {
    const app = await startTestApp('sqlite', { module: SmartSessionTestingModule.forRoot(options), prepare });
    try {
      await work(new Browser(app), app);
    } finally {
      await app.close();
    }
  }

  it('rules of your own', () =>
    on(ownRules, async (browser, app) => {
      await browser.post('/set', { highScore: 1, draft: { text: 'a' } });
      await race(app, browser, [
        { highScore: 7, draft: { text: 'b', isSubmitted: true } },
        { highScore: 5, draft: undefined },
      ]);
      expect(await browser.session()).toEqual({ highScore: 7, draft: { text: 'b', isSubmitted: true } });
      await race(app, browser, [{ draft: { text: 'c' } }, { draft: undefined }]);
      expect(await browser.session()).toEqual({ highScore: 7 });
    }));

  it('a filter that logs what fails', () => {
    const logged: string[] = [];
    const check = async (browser: Browser, app: INestApplication) => {
      Logger.overrideLogger({ log() {}, warn() {}, error: (message: string) => logged.push(message) });
      await app.get(DatabaseContext, { strict: false }).runner.run('drop table sessions');
      const { status, body } = await browser.post('/set', { visits: 1 });
      Logger.overrideLogger(false);
      expect([status, body]).toEqual([503, { statusCode: 503, message: 'Session unavailable' }]);
      expect(logged.filter((line) => !line.startsWith('Sessions are unavailable'))).toEqual([
        'Could not commit the session: the database reported an error: no such table: sessions.',
      ]);
    };
    return on({}, check, (app) => app.useGlobalFilters(new SessionErrorFilter(app.get(HttpAdapterHost).httpAdapter)));
  });

  it('health', async () => {
    const app = await startTestApp('sqlite', { imports: [HealthModule], module: SmartSessionTestingModule.forRoot() });
    const { body } = await new Browser(app).get('/health');
    await app.close();
    expect(body).toMatchObject({ status: 'ok', details: { sessions: { status: 'up' } } });
  });

  it.each([
    ['of your own', codec, {}],
    ['on rich', moneyOnRich, { at: new Date(0) }],
  ] as const)('a codec %s', (_name, serializer, more) =>
    on({ serializer }, async (browser, app) => {
      await browser.post('/set', { visits: 1 });
      await race(app, browser, [{ balance: new Money(250), ...more }]);
      const loaded = await app.get(SessionService).load(sessionIdOf(browser));
      expect(loaded).toMatchObject({ balance: new Money(250), ...more });
    }),
  );
});

/** Requests that have all loaded the browser's session before the first of them commits its changes, in this order. */
async function race(app: INestApplication, browser: Browser, changes: readonly object[]): Promise<void> {
  const sessions = app.get(SessionService);
  const loaded = await Promise.all(changes.map(() => sessions.load(sessionIdOf(browser))));
  for (const [n, session] of loaded.entries()) await sessions.commit(Object.assign(session!, changes[n]));
}
