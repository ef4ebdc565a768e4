import { promisify } from 'node:util';
import { Body, Controller, Get, Module, Post, Req, Session, type Type } from '@nestjs/common';
import type { Request } from 'express';
import expressSession from 'express-session';
import {
  EntityManagerSessionRepository,
  NoTouch,
  SessionRepository,
  SessionService,
  SmartSessionOptions,
  SqlSessionRepository,
  type SmartSessionModuleOptions,
} from '../../../src/index.js';
import { SessionCodec } from '../../../src/codec/session.codec.js';
import { SessionImporter } from '../../../src/migration/session-importer.js';
import { Browser } from '../../support/browser.js';
import { SessionsApp, sessionIdOf } from '../../support/sessions-app.js';
import { protocolOf } from '../../support/protocol-of.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

@Controller()
class UsersController {
  constructor(private readonly sessions: SessionService) {}
  @Post('anonymous-unset') unset(@Session() session: Record<string, unknown>, @Body() { keys }: { keys: string[] }): void {
    for (const key of keys) delete session[key];
  }
  @Post('keep') async keep(@Req() request: Request): Promise<void> {
    await this.sessions.regenerate(request, { keep: 'all' });
    Object.assign(request.session, { user: 'anna' });
  }
  @Get('poll') @NoTouch() poll(): void {}
}

@Module({ controllers: [UsersController] })
class UsersModule {}

type Step = (browser: Browser, app: SessionsApp) => Promise<unknown>;

const login: Step = (browser) => browser.post('/login');
const setUser: Step = (browser) => browser.post('/set', { user: 'anna' });
const read: Step = (browser) => browser.get('/session');
const write: Step = (browser) => browser.post('/set', { b: 1 });
const remember: Step = (browser) => browser.post('/remember', { maxAge: 30 * DAY });
const poll: Step = (browser) => browser.get('/poll');
const pass =
  (ms: number): Step =>
  (_browser, app) =>
    app.age(ms);
const removeUser: Step = (browser) => browser.post('/anonymous-unset', { keys: ['user'] });

/** As it was stored before there was the option. */
const asBefore: Step = (_browser, app) => app.run(`update {table} set expires_at = ${app.context.dialect.fromNow(String(DAY))}`);

describe.each([
  ['a key', { userId: 'user' }],
  [
    'a function',
    {
      userId: ({ user }: { user?: string }) => user,
      serializer: 'rich',
      repository: EntityManagerSessionRepository,
      locking: 'pessimistic',
    },
  ],
] as [string, SmartSessionModuleOptions][])('anonymousTtl, with the user by %s', (_how, options) => {
  let app: SessionsApp;
  let withMaxAge: SessionsApp;

  beforeAll(async () => {
    const common = {
      tableName: 'anonymous',
      ttl: 2 * HOUR,
      anonymousTtl: 10 * MINUTE,
      repository: SqlSessionRepository,
      ...options,
    } as const;
    app = await SessionsApp.start('sqlite', common, { imports: [UsersModule] });
    withMaxAge = await SessionsApp.start('sqlite', { ...common, cookie: { maxAge: 7 * DAY } }, { imports: [UsersModule] });
  });
  beforeEach(() => Promise.all([app.clear(), withMaxAge.clear()]));
  afterAll(() => Promise.all([app.close(), withMaxAge.close()]));

  /** How long the only session still lives, in minutes; 0 when it has ended. */
  async function minutesAfter(steps: readonly Step[], on = app): Promise<number> {
    const browser = new Browser(on.app);
    for (const step of steps) await step(browser, on);
    const rows = await on.run(`select ${on.context.dialect.until('expires_at')} as remaining from {table}`);
    return Math.max(0, ...rows.map(({ remaining }) => Math.round(Number(remaining) / MINUTE)));
  }

  it.each<[string, readonly Step[], minutes: number]>([
    ['a first visit', [write], 10],
    ['one that was used', [write, pass(8 * MINUTE), read], 10],
    ['one that was written', [write, pass(8 * MINUTE), write], 10],
    ['one that is polled', [write, pass(8 * MINUTE), poll], 2],
    ['one that was not used', [write, pass(11 * MINUTE)], 0],
    ['one of before the option, that is read', [write, asBefore, read], 10],
    ['one of before the option, that is written', [write, asBefore, write], 10],
    ['one with a max age of its own', [write, remember], 10],
    ['one with a max age of its own, that was used', [write, remember, pass(8 * MINUTE), read], 10],
    ['an empty user', [(browser) => browser.post('/set', { user: '' })], 10],
    ['a login, by regenerate', [write, login], 120],
    ['a login that keeps the values', [write, (browser) => browser.post('/keep')], 120],
    ['a login in the same session', [write, setUser], 120],
    ['a login without a visit before', [setUser], 120],
    ['a user who comes back', [setUser, pass(100 * MINUTE), read], 120],
    ['a user who polls', [setUser, pass(100 * MINUTE), poll], 20],
    ['a user who writes', [setUser, pass(100 * MINUTE), write], 120],
    ['a user with a max age', [setUser, remember], 30 * 24 * 60],
    ['a logout in the same session', [setUser, removeUser], 10],
    ['a logout in the same session, that was used', [setUser, removeUser, pass(8 * MINUTE), read], 10],
    ['a login after a logout', [setUser, removeUser, setUser], 120],
    [
      'a user whom an update sets',
      [write, (browser, { sessions }) => sessions.update(sessionIdOf(browser), (draft) => Object.assign(draft, { user: 'anna' }))],
      120,
    ],
    [
      'a user whom an update removes',
      [
        setUser,
        (browser, { sessions }) =>
          sessions.update(sessionIdOf(browser), (draft) => {
            delete (draft as { user?: string }).user;
          }),
      ],
      10,
    ],
    ['plain data without a user', [(_browser, { sessions }) => protocolOf(sessions).stored.replace('an id', { a: 1 })], 10],
    ['plain data with a user', [(_browser, { sessions }) => protocolOf(sessions).stored.replace('an id', { user: 'anna' })], 120],
    [
      'plain data with a max age and no user',
      [(_browser, { sessions }) => protocolOf(sessions).stored.replace('an id', { cookie: { originalMaxAge: DAY } })],
      10,
    ],
  ])('%s', async (_what, steps, minutes) => {
    expect(await minutesAfter(steps)).toBe(minutes);
  });

  it.each<[string, readonly Step[], minutes: number]>([
    ['a first visit', [write], 10],
    ['one that was used', [write, pass(8 * MINUTE), read], 10],
    ['a login', [write, login], 7 * 24 * 60],
    ['a login in the same session', [write, setUser], 7 * 24 * 60],
    ['a logout in the same session', [setUser, removeUser], 10],
  ])('beside a max age of the option, %s', async (_what, steps, minutes) => {
    expect(await minutesAfter(steps, withMaxAge)).toBe(minutes);
  });

  it('leaves the max age of the cookie as it is', async () => {
    const { headers } = await new Browser(withMaxAge.app).post('/set', { a: 1 });
    const [, expires] = /Expires=([^;]+)/.exec(String(headers['set-cookie']))!;
    expect(Math.round((Date.parse(expires!) - Date.now()) / HOUR)).toBe(7 * 24);
  });
});

describe('anonymousTtl, of sessions of another store', () => {
  let app: SessionsApp;
  const earlier = new expressSession.MemoryStore();

  beforeAll(async () => {
    app = await SessionsApp.start('sqlite', {
      tableName: 'anonymous',
      ttl: 2 * HOUR,
      anonymousTtl: 10 * MINUTE,
      userId: 'user',
      migrateFrom: earlier,
    });
  });
  beforeEach(() => app.clear());
  afterAll(() => app.close());

  it.each<[string, object, number | null, minutes: number]>([
    ['without a user', { a: 1 }, null, 10],
    ['without a user, with a max age', { a: 1 }, DAY, 10],
    ['with a user', { user: 'anna' }, null, 120],
    ['with a user and a max age', { user: 'anna' }, DAY, 24 * 60],
  ])('one that moves here, %s', async (_what, values, maxAge, minutes) => {
    await promisify((done: () => void) => earlier.set('moving', { ...values, cookie: { originalMaxAge: maxAge } }, done))();
    expect(await app.sessions.load('moving')).toMatchObject(values);
    const [row] = await app.run(`select ${app.context.dialect.until('expires_at')} as remaining from {table}`);
    expect(Math.round(Number(row?.remaining) / MINUTE)).toBe(minutes);
  });

  it.each<[string, object, minutes: number]>([
    ['without a user', { a: 1 }, 10],
    ['with a user', { user: 'anna' }, 90],
  ])('one that is imported, %s', async (_what, values, minutes) => {
    const foreign = { name: 'a store', tableName: 'theirs', read: () => ({ ...values, cookie: { originalMaxAge: null } }) };
    const get = <Service>(type: Type<Service>) => app.app.get(type, { strict: false });
    const importer = new SessionImporter(foreign as never, get(SessionRepository as never), get(SessionCodec), get(SmartSessionOptions));
    expect(await importer.import([{ sessionId: 'theirs', data: '', remaining: 90 * MINUTE }], false)).toMatchObject({ imported: 1 });
    const [row] = await app.run(`select ${app.context.dialect.until('expires_at')} as remaining from {table}`);
    expect(Math.round(Number(row?.remaining) / MINUTE)).toBe(minutes);
  });
});

describe('the option anonymousTtl', () => {
  const start = (options: SmartSessionModuleOptions) => () => new SmartSessionOptions({ secret: 'x', userId: 'user', ...options });

  it.each<[SmartSessionModuleOptions, RegExp]>([
    [{ anonymousTtl: 0 }, /0 was given. Give a positive number of ms/],
    [{ anonymousTtl: '10m' as never }, /"10m" was given/],
    [{ anonymousTtl: MINUTE, userId: undefined }, /`anonymousTtl`: it was given without `userId`/],
    [
      { anonymousTtl: 2 * HOUR, ttl: HOUR },
      /7200000 was given, but `ttl` ends every session after 3600000 ms without use\. Give at most 3600000\./,
    ],
    [
      { anonymousTtl: 2 * HOUR, cookie: { maxAge: HOUR } },
      /`cookie\.maxAge` ends every session after 3600000 ms without use\. Give at most 3600000\./,
    ],
  ])('refuses %j', (options, message) => {
    expect(start(options)).toThrow(message);
  });

  it.each<[SmartSessionModuleOptions]>([
    [{ anonymousTtl: HOUR, ttl: HOUR }],
    [{ anonymousTtl: 2 * DAY, cookie: { maxAge: 3 * DAY } }],
    [{ anonymousTtl: 2 * DAY, cookie: () => ({ maxAge: 3 * DAY }) }],
    [{ anonymousTtl: HOUR, cookie: { maxAge: null as never } }],
  ])('takes %j', (options) => {
    expect(start(options)).not.toThrow();
  });
});
