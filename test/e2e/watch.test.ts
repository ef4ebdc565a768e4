import { Controller, Delete, HttpCode, Module, Post, Req, Body } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService } from '../../src/index.js';
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

  describe.each(Object.entries(ENDINGS))('%s', (_name, { end, reason }) => {
    it.each(['this process', 'another process'])('ends the watch of %s, once', async (place) => {
      const browser = await login();
      const watching = new Watching((place === 'this process' ? here : there).sessions, sessionIdOf(browser));
      expect(await watching.watch.checked).toBe(true);
      expect(watching.watch.isLive).toBe(true);
      const handle = await handleOf(here.sessions);
      await end(here, browser);
      expect(await watching.end()).toEqual({ reason, handle });
      expect(watching.watch.isLive).toBe(false);
      expect(watching.ends).toHaveLength(1);
    });
  });
});

const FILE = `/tmp/smart-session-watched-${process.pid}.db`;
