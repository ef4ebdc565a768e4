import { Controller, Get, Logger, Module, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { LockSession, SessionService, SessionUnavailableError } from '../../../src/index.js';
import { OutageLog } from '../../../src/observers/outage-log.js';
import { Browser } from '../../support/browser.js';
import { SessionsApp, sessionIdOf } from '../../support/sessions-app.js';
import { protocolOf } from '../../support/protocol-of.js';

@Controller()
class DoorsController {
  constructor(private readonly sessions: SessionService) {}
  @Get('locked') @LockSession() locked(): void {}
  @Post('regenerate') async regenerate(@Req() request: Request): Promise<void> {
    await this.sessions.regenerate(request, { keep: 'all' });
  }
  @Post('destroy') async destroy(@Req() { sessionID }: Request): Promise<void> {
    await this.sessions.destroy(sessionID);
  }
  @Post('update') async update(@Req() { session }: Request): Promise<void> {
    await this.sessions.update(session, (draft) => Object.assign(draft, { b: 1 }));
  }
}

@Module({ controllers: [DoorsController] })
class DoorsModule {}

describe('an outage', () => {
  let app: SessionsApp;
  let browser: Browser;
  let log: { errors: string[]; warnings: string[] };

  beforeAll(async () => {
    app = await SessionsApp.start('sqlite', { tableName: 'outage', userId: 'user', maxAttempts: 2 }, { imports: [DoorsModule] });
  });
  beforeEach(async () => {
    log = { errors: [], warnings: [] };
    browser = await app.browser({ user: 'anna' });
    Logger.overrideLogger({
      log() {},
      debug() {},
      error: (line: string) => log.errors.push(line),
      warn: (line: string) => log.warnings.push(line),
    });
  });
  afterEach(() => Logger.overrideLogger(false));
  afterAll(() => app.close());

  /** Nothing can be read or written meanwhile, but what stands in the table is there again afterwards. */
  const withoutTable = async (work: () => Promise<unknown>) => {
    await app.run('alter table {table} rename to elsewhere');
    await work();
    await app.run('alter table elsewhere rename to {table}');
  };

  /** What can be read can be read still. */
  const readOnly = async (work: () => Promise<unknown>) => {
    for (const event of ['insert', 'update', 'delete'])
      await app.run(`create trigger refuse_${event} before ${event} on {table} begin select raise(abort, 'read only'); end`);
    await work();
    for (const event of ['insert', 'update', 'delete']) await app.run(`drop trigger refuse_${event}`);
  };

  it('of three requests is one line, and one when it is over, with their number', async () => {
    await withoutTable(async () => {
      for (let n = 0; n < 3; n++) expect((await browser.get('/session')).status).toBe(503);
    });
    expect(log.errors).toEqual([
      'Sessions are unavailable: 1 × load failed. The last error: Could not load the session: the database reported an error: no such table: outage.',
    ]);
    expect(log.warnings).toEqual([]);
    for (let n = 0; n < 2; n++) expect((await browser.get('/session')).status).toBe(200);
    expect([log.errors.length, log.warnings]).toEqual([1, ['Sessions are available again: 3 × load had failed.']]);
  });

  const sessions = () => app.sessions;
  const asksUser = { userId: 'anna' };

  it.each<[string, () => Promise<unknown>]>([
    ['a load', () => browser.get('/session')],
    ['a first save', () => new Browser(app.app).post('/set', { a: 1 })],
    ['a save in the gate', () => new Browser(app.app).get('/res')],
    ['load', () => sessions().load('an id')],
    ['all', () => sessions().all()],
    ['list', () => sessions().list(asksUser)],
    ['count', () => sessions().count()],
    ['destroy', () => sessions().destroy('an id')],
    ['destroyOne', () => sessions().destroyOne({ ...asksUser, handle: 'none' })],
    ['destroyAll', () => sessions().destroyAll({ userId: 'nobody' })],
    ['update by id', () => sessions().update('an id', () => undefined)],
    ['replace', () => protocolOf(sessions()).stored.replace('an id', { a: 1 })],
    ['prune', () => sessions().prune()],
    ['clear', () => sessions().clear()],
  ])('is told of by %s, and so is its end', async (_what, ask) => {
    await withoutTable(() => ask().catch(() => undefined));
    expect(log.errors.filter((line) => line.startsWith('Sessions are unavailable: 1 × '))).toHaveLength(1);
    await ask().catch(() => undefined);
    expect(log.warnings.filter((line) => line.startsWith('Sessions are available again: '))).toHaveLength(1);
  });

  it.each<[string, string, (browser: Browser) => Promise<unknown>]>([
    ['a commit', 'commit', (by) => by.post('/set', { a: 2 })],
    ['a commit in the gate', 'commit', (by) => by.get('/res')],
    ['an update', 'commit', (by) => by.post('/update')],
    ['a login', 'destroy', (by) => by.post('/login')],
    ['a login that keeps values', 'destroy', (by) => by.post('/regenerate')],
    ['a logout', 'destroy', (by) => by.post('/destroy')],
    ['a lock', 'lock', (by) => by.get('/locked')],
  ])('of a database that is read-only is told of by %s, and ends with the first that writes', async (_what, operation, ask) => {
    await readOnly(async () => {
      await ask(browser);
      await browser.get('/session');
    });
    expect(
      log.errors.filter((line) => line.startsWith(`Sessions are unavailable: 1 × ${operation} failed. The last error: Could not `)),
    ).toHaveLength(1);
    await browser.get('/session');
    expect(log.warnings).toEqual([]);
    await ask(browser);
    expect(log.warnings).toEqual([expect.stringMatching(`^Sessions are available again.*: 1 × ${operation} had failed.$`)]);
  });

  it('is one line for all the touches that fail', async () => {
    const browsers = await Promise.all(Array.from({ length: 5 }, () => app.browser()));
    await app.age(2 * 60_000);
    await readOnly(async () => {
      for (const each of browsers) expect((await each.get('/session')).status).toBe(200);
    });
    expect([...log.errors, ...log.warnings]).toEqual([
      expect.stringMatching(/^Sessions are unavailable: 1 × touch failed\. The last error: Could not touch the session: .*read only/),
    ]);
    await browsers[0]!.get('/session');
    expect(log.warnings).toEqual(['Sessions are available again: 5 × touch had failed.']);
  });

  it('is one line for all the answers past the interceptors that fail', async () => {
    await readOnly(async () => {
      for (let n = 0; n < 5; n++) expect((await new Browser(app.app).get('/res')).status).toBe(503);
    });
    expect([...log.errors, ...log.warnings]).toEqual([expect.stringMatching(/^Sessions are unavailable: 1 × commit failed\./)]);
    expect((await new Browser(app.app).get('/res')).status).toBe(200);
    expect(log.warnings).toEqual(['Sessions are available again: 5 × commit had failed.']);
  });

  it('is not what the app or the client has done wrong', async () => {
    const { sessions: service } = app;
    await browser.post('/unstorable');
    await service.update('no such id', () => undefined).catch(() => undefined);
    await service.list({ userId: undefined as never }).catch(() => undefined);
    await service
      .update(sessionIdOf(browser), () => {
        throw new TypeError('of the app');
      })
      .catch(() => undefined);
    expect([...log.errors, ...log.warnings].filter((line) => line.startsWith('Sessions are'))).toEqual([]);
  });

  describe('by the clock', () => {
    let now = 0;
    let outages: OutageLog;
    const fail = (n = 1) =>
      Promise.all(
        Array.from({ length: n }, () =>
          outages.watch('load', Promise.reject(new SessionUnavailableError('load', 'gone.'))).catch(() => undefined),
        ),
      );
    const succeed = () => outages.watch('load', Promise.resolve());

    beforeEach(() => {
      now = 0;
      outages = new OutageLog(() => now);
    });

    it('gets a line each minute while it lasts', async () => {
      for (; now < 150_000; now += 1000) await fail(2);
      await succeed();
      expect(log.errors.map((line) => line.split(' The')[0])).toEqual([
        'Sessions are unavailable: 1 × load failed.',
        'Sessions are unavailable for 60 s: 121 × load failed.',
        'Sessions are unavailable for 120 s: 241 × load failed.',
      ]);
      expect(log.warnings).toEqual(['Sessions are available again after 150 s: 300 × load had failed.']);
    });

    it('gets a line of its own each time, but for many in a minute', async () => {
      for (let n = 0; n < 100; n++) {
        await fail();
        await succeed();
      }
      expect([log.errors.length, log.warnings.length]).toEqual([30, 30]);
      await fail();
      now += 60_000;
      await fail();
      await succeed();
      expect(log.errors.slice(30)).toEqual([expect.stringContaining('for 60 s: 72 × load failed.')]);
      expect(log.warnings.slice(30)).toEqual(['Sessions are available again after 60 s: 72 × load had failed.']);
    });
  });
});
