import { Controller, Delete, HttpCode, Module, Post, Req, Body } from '@nestjs/common';
import type { Request } from 'express';
import { SessionGoneError, SessionService } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { SessionsApp, sessionIdOf } from '../support/sessions-app.js';
import { Watching } from '../support/watching.js';

const HOUR = 60 * 60 * 1000;

@Controller()
class EndingsController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login-as') async login(@Req() request: Request, @Body() { user }: { user: string }): Promise<void> {
    await this.sessions.regenerate(request);
    Object.assign(request.session, { user });
  }
  @Post('login-keeping') async loginKeeping(@Req() request: Request): Promise<void> {
    await this.sessions.regenerate(request, { keep: 'all' });
  }
  @Delete('devices') @HttpCode(204) async endAll(@Body() { user }: { user: string }): Promise<void> {
    await this.sessions.destroyAll({ userId: user });
  }
}

@Module({ controllers: [EndingsController] })
class EndingsModule {}

/** Ends the session of a browser. */
type End = (app: SessionsApp, browser: Browser) => Promise<unknown>;

/** Every way in which a session ends. */
const ENDINGS: Readonly<Record<string, { readonly end: End; readonly reason: 'ended' | 'expired' }>> = {
  logout: { end: (_app, browser) => browser.delete('/session'), reason: 'ended' },
  'destroy(id)': { end: ({ sessions }, browser) => sessions.destroy(sessionIdOf(browser)), reason: 'ended' },
  destroyAll: { end: ({ sessions }) => sessions.destroyAll({ userId: 'anna' }), reason: 'ended' },
  destroyOne: {
    async end({ sessions }) {
      const handle = await handleOf(sessions);
      await sessions.destroyOne({ userId: 'anna', handle });
    },
    reason: 'ended',
  },
  regenerate: { end: (_app, browser) => browser.post('/login-as', { user: 'anna' }), reason: 'ended' },
  'regenerate with keep': { end: (_app, browser) => browser.post('/login-keeping'), reason: 'ended' },
  'a newer login': {
    async end({ app }) {
      const other = new Browser(app);
      await other.post('/login-as', { user: 'anna' });
      await other.post('/login-as', { user: 'anna' });
      await new Browser(app).post('/login-as', { user: 'anna' });
    },
    reason: 'ended',
  },
  clear: { end: ({ sessions }) => sessions.clear(), reason: 'ended' },
  'a deletion by another program': { end: (app) => app.clear(), reason: 'ended' },
  expiry: { end: (app) => app.age(2 * HOUR), reason: 'expired' },
  'the absolute timeout': { end: (app) => app.run(absolute(app)), reason: 'expired' },
};

async function handleOf(sessions: SessionService): Promise<string> {
  return (await sessions.list({ userId: 'anna' }))[0]!.handle;
}

const absolute = ({ context: { dialect } }: SessionsApp) =>
  `update {table} set created_at = ${dialect.after('created_at', String(-9 * HOUR))}`;

describe.each(REPOSITORY_CASES)('watches on $database, $locking, $name', ({ database, locking, repository, n }) => {
  let [here, there] = [] as unknown as [SessionsApp, SessionsApp];

  beforeAll(async () => {
    const options = {
      tableName: `watched_${database}_${n}`,
      locking,
      repository,
      userId: 'user',
      ttl: HOUR,
      absoluteTtl: 8 * HOUR,
      maxSessionsPerUser: 2,
      feed: { interval: 50, grace: 5000 },
    } as const;
    const connection = database === 'sqlite' ? { connection: { dbName: FILE } } : {};
    here = await SessionsApp.start(database, { ...options, ...connection }, { imports: [EndingsModule] });
    there = await SessionsApp.start(database, { ...options, ...connection }, { imports: [EndingsModule] });
  });
  beforeEach(() => here.clear());
  afterAll(async () => {
    await there.app.close();
    await here.close();
  });

  async function login(): Promise<Browser> {
    const browser = new Browser(here.app);
    await browser.post('/login-as', { user: 'anna' });
    return browser;
  }

  it.each(Object.entries(ENDINGS))('%s ends a watch of this process and one of another, once', async (_name, { end, reason }) => {
    const browser = await login();
    const watchings = [here, there].map(({ sessions }) => new Watching(sessions, sessionIdOf(browser)));
    expect(await Promise.all(watchings.map(({ watch }) => watch.checked))).toEqual([true, true]);
    expect(watchings.map(({ watch }) => watch.isLive)).toEqual([true, true]);
    const handle = await handleOf(here.sessions);
    await end(here, browser);
    const told = await Promise.all(watchings.map((watching) => watching.end()));
    expect(told).toEqual([
      { reason, handle },
      { reason, handle },
    ]);
    expect(watchings.map(({ watch, ends }) => [watch.isLive, ends.length])).toEqual([
      [false, 1],
      [false, 1],
    ]);
  });

  it('tells of changed keys, in any process, and of no others', async () => {
    const browser = await login();
    const watchings = [here, there].map(
      ({ sessions }) => new Watching(sessions, sessionIdOf(browser), { keys: ['cart', 'name'] as never }),
    );
    await Promise.all(watchings.map(({ watch }) => watch.checked));
    await browser.post('/set', { other: 1 });
    await browser.post('/set', { cart: [1] });
    await Promise.all(watchings.map((watching) => watching.changed('cart')));
    await browser.post('/unset', { keys: ['cart'] });
    await browser.post('/set', { name: 'Anna' });
    await Promise.all(watchings.map((watching) => watching.changed('name')));
    for (const { changes, watch } of watchings) {
      expect(new Set(changes.flatMap(({ keys }) => keys))).toEqual(new Set(['cart', 'name']));
      watch.stop();
    }
  });

  it('tells of the sessions of a user: of those that begin later, and not of those of others', async () => {
    const [first, other] = [await login(), new Browser(here.app)];
    await other.post('/login-as', { user: 'Anna' });
    const watchings = [here, there].map(({ sessions }) => new Watching(sessions, { userId: 'anna' }, { keys: ['cart'] as never }));
    await Promise.all(watchings.map(({ watch }) => watch.checked));
    const second = await login();
    await vi.waitFor(async () => expect(await here.sessions.list({ userId: 'anna' })).toHaveLength(2));
    await second.post('/set', { cart: [1] });
    await other.delete('/session');
    await first.delete('/session');
    await Promise.all(watchings.map((watching) => watching.end()));
    const left = await handleOf(here.sessions);
    await second.delete('/session');
    await vi.waitFor(() => expect(watchings.map(({ ends }) => ends.length)).toEqual([2, 2]), 10_000);
    for (const { ends, watch } of watchings) {
      expect(ends[1]).toEqual({ reason: 'ended', handle: left });
      expect(watch.isLive).toBe(true);
      watch.stop();
    }
  });

  it('refuses changes by id after the end', async () => {
    const browser = await login();
    const id = sessionIdOf(browser);
    await here.sessions.destroy(id);
    const change = (draft: object) => void Object.assign(draft, { late: 1 });
    for (const { sessions } of [here, there]) await expect(sessions.update(id, change)).rejects.toThrow(SessionGoneError);
  });
});

const FILE = `/tmp/smart-session-watched-${process.pid}.db`;
