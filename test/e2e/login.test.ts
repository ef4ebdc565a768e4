import { Body, Controller, Module, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { SessionRepository, SessionService, SessionUnavailableError, counter } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { Gathering, GatheringModule } from '../support/gathering.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { SessionsApp, sessionIdOf, storageKeyIn } from '../support/sessions-app.js';
import { protocolOf } from '../support/protocol-of.js';

interface Login {
  /** What is kept of the session before. */
  readonly keep?: any;
  /** What this request sets before it logs in. */
  readonly set?: object;
}

/** What happens while a handler waits. */
let meanwhile: () => Promise<unknown> = async () => undefined;

@Controller()
class LoginController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login-keeping') async login(@Req() request: Request, @Body() { keep, set }: Login): Promise<void> {
    Object.assign(request.session, set);
    await meanwhile();
    await this.sessions.regenerate(request, { keep });
    Object.assign(request.session, { user: 'anna' });
  }
  @Post('careless-login') async careless(@Req() request: Request): Promise<void> {
    const old = request.session;
    await this.sessions.regenerate(request, { keep: 'all' });
    Object.assign(old, { late: 1 });
    Object.assign(request.session, { user: 'anna' });
  }
  @Post('abandoned-login') async abandoned(@Req() request: Request): Promise<void> {
    protocolOf(this.sessions).states.abandon(request.session, new SessionUnavailableError('commit', 'a commit before has failed.'));
    await this.sessions.regenerate(request, { keep: 'all' });
  }
}

@Module({ controllers: [LoginController] })
class LoginModule {}

describe.each(REPOSITORY_CASES)('login on $database, $locking, $name', ({ database, locking, repository, n }) => {
  let app: SessionsApp;

  beforeAll(async () => {
    const options = { tableName: `login_${database}_${n}`, locking, repository, merge: { visits: counter() } as never, userId: 'user' };
    app = await SessionsApp.start(database, options, { imports: [LoginModule, GatheringModule] });
  });
  beforeEach(async () => {
    meanwhile = async () => undefined;
    await app.clear();
  });
  afterAll(() => app.close());

  /** A browser that sends the cookie which another one has now. */
  const copyOf = (browser: Browser) => Object.assign(new Browser(app.app), { cookie: browser.cookie });
  /** Makes the next call of a repository's method fail. */
  const failing = async (method: 'destroy' | 'end' | 'insert', request: () => Promise<{ status: number; headers: object }>) => {
    const target = app.app.get(SessionRepository) as any;
    target[method] = async () => Promise.reject(new Error('the disk is full'));
    try {
      const { status, headers } = await request();
      expect([status, headers]).toEqual([503, expect.not.objectContaining({ 'set-cookie': expect.anything() })]);
    } finally {
      delete target[method];
    }
  };

  it('ASVS 7.2.4 gives a new id at login, and ends the old one', async () => {
    const browser = await app.browser();
    const before = copyOf(browser);
    await browser.post('/login');
    expect(sessionIdOf(browser)).not.toBe(sessionIdOf(before));
    expect([await before.session(), await browser.session(), await app.rows()]).toEqual([{}, { user: 'anna' }, 1]);
  });

  it('ASVS 7.2.4 adopts no id that it has not given', async () => {
    const browser = await app.browser();
    const planted = copyOf(browser);
    await app.clear();
    await planted.post('/login');
    expect(sessionIdOf(planted)).not.toBe(sessionIdOf(browser));
    await browser.post('/set', { a: 1 });
    expect(sessionIdOf(browser)).not.toBe(sessionIdOf(planted));
    expect([await browser.session(), await planted.session()]).toEqual([{ a: 1 }, { user: 'anna' }]);
  });

  it.each([
    ['/login', {}, 'destroy'],
    ['/login-keeping', { keep: ['a'] }, 'end'],
  ] as const)('ASVS 7.2.4 logs nobody in when the old session cannot be destroyed: %s', async (path, body, method) => {
    const browser = await app.browser();
    const id = sessionIdOf(browser);
    await failing(method, () => browser.post(path, body));
    expect([sessionIdOf(browser), await browser.session(), await app.rows()]).toEqual([id, { a: 1 }, 1]);
  });

  it('ASVS 7.2.4 leaves neither session when the new one cannot be stored', async () => {
    const browser = await app.browser();
    await failing('insert', () => browser.post('/login'));
    expect([await browser.session(), await app.rows()]).toEqual([{}, 0]);
  });

  it('keeps the named values and drops the others', async () => {
    const browser = await app.browser({ cart: ['a'], draft: 1 });
    const before = copyOf(browser);
    await browser.post('/login-keeping', { keep: ['cart', 'absent'], set: { draft: 2 } });
    expect([await before.session(), await browser.session(), await app.rows()]).toEqual([{}, { cart: ['a'], user: 'anna' }, 1]);
    await browser.post('/login-keeping', { keep: 'all', set: { b: 1 } });
    expect([await browser.session(), await app.rows()]).toEqual([{ cart: ['a'], b: 1, user: 'anna' }, 1]);
    await browser.post('/login-keeping', {});
    expect([await browser.session(), await app.rows()]).toEqual([{ user: 'anna' }, 1]);
  });

  it('keeps what a visitor without a session set before', async () => {
    const browser = new Browser(app.app);
    await browser.post('/login-keeping', { keep: ['cart'], set: { cart: ['a'], other: 1 } });
    expect([await browser.session(), await app.rows()]).toEqual([{ cart: ['a'], user: 'anna' }, 1]);
  });

  it('NoLostKey: keeps what others have stored since, merged with what this request has changed', async () => {
    const browser = await app.browser({ visits: 1, theirs: 0, gone: 1 });
    const other = copyOf(browser);
    meanwhile = async () => {
      meanwhile = async () => undefined;
      await other.post('/set', { visits: 11, theirs: 1 });
      await other.post('/unset', { keys: ['gone'] });
    };
    await browser.post('/login-keeping', { keep: ['visits', 'theirs', 'gone'], set: { visits: 2 } });
    expect(await browser.session()).toEqual({ visits: 12, theirs: 1, user: 'anna' });
  });

  it('NoResurrection: keeps nothing of a session that was ended meanwhile', async () => {
    const browser = await app.browser({ user: 'anna' });
    meanwhile = () => app.sessions.destroyAll({ userId: 'anna' });
    expect((await browser.post('/login-keeping', { keep: ['user'] })).status).toBe(409);
    expect([await browser.session(), await app.rows()]).toEqual([{}, 0]);
  });

  it('drops what requests in flight change under the old id', async () => {
    const browser = await app.browser();
    const before = copyOf(browser);
    const key = storageKeyIn(browser);
    const late = await Gathering.of(Array.from({ length: 10 }, (_, i) => [before, { [`late${i}`]: 1 }] as const));
    await browser.post('/login-keeping', { keep: 'all' });
    await late.go();
    expect(await browser.session()).toEqual({ a: 1, user: 'anna' });
    expect([await app.run(`select 1 as there from {table} where session_id = '${key}'`), await app.rows()]).toEqual([[], 1]);
  });

  it('hands nothing over of a session whose changes were given up', async () => {
    const browser = await app.browser();
    expect((await browser.post('/abandoned-login')).status).toBe(503);
    expect([await browser.session(), await app.rows()]).toEqual([{ a: 1 }, 1]);
  });

  it('drops what a handler sets on the old session object', async () => {
    const browser = await app.browser();
    await browser.post('/careless-login');
    expect([await browser.session(), await app.rows()]).toEqual([{ a: 1, user: 'anna' }, 1]);
  });
});
