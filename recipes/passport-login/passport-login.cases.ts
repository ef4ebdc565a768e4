import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Module, RequestMethod, type INestApplication, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SessionService } from 'nestjs-smart-session';
import passport from 'passport';
import { Browser } from '../../test/support/browser.js';
import { readPage, shellLines } from '../../test/support/markdown.js';
import { holdCalls } from '../../test/support/hold-calls.js';
import { startRecipe } from '../../test/support/recipe.js';
import { UsersService } from './users.service.js';

const ANNA = { username: 'anna', password: 'correct horse' };

const MOUNTS = [
  ['by the module', () => import('./main.js')],
  ['in main.ts', () => import('./mounted-in-main/main.js')],
] as const;

describe.each(MOUNTS)('Passport login, mounted %s', (_name, main) => {
  let app: INestApplication;
  let sessions: SessionService;

  beforeAll(async () => {
    app = await startRecipe(main);
    sessions = app.get(SessionService);
  });
  afterAll(() => app.close());
  afterEach(() => sessions.clear());

  const visitor = (cookie = '') => Object.assign(new Browser(app), { cookie });
  const profileOf = async (cookie: string) => {
    const { status, body } = await visitor(cookie).get('/profile');
    return status === 200 ? body : status;
  };

  it('redirects a guest to the login page and stores no session', async () => {
    const guest = visitor();
    for (const response of [
      await guest.get('/profile'),
      await guest.post('/login', { ...ANNA, password: 'wrong' }),
      await guest.post('/login'),
    ]) {
      expect([response.status, response.headers.location]).toEqual([303, '/login']);
    }
    expect((await guest.get('/login')).text).toContain('password');
    expect(guest.cookie).toBe('');
  });

  it('logs in under a new id with the values of the guest, and logs out', async () => {
    const anna = visitor();
    await anna.get('/pages/about');
    const { cookie: guest } = anna;
    const login = await anna.post('/login', ANNA);
    expect([login.status, login.headers.location]).toEqual([303, '/profile']);
    expect(anna.cookie).not.toBe(guest);
    expect(await profileOf(anna.cookie)).toEqual({ name: 'anna', lastPage: 'about', devices: 1 });
    expect(await profileOf(guest)).toBe(303);

    const logout = await anna.post('/logout');
    expect([logout.status, logout.headers.location]).toEqual([303, '/login']);
    expect(await profileOf(anna.cookie)).toBe(303);
    expect(await sessions.list({ userId: 1 })).toEqual([]);
  });

  it("logs in by the page's commands", async () => {
    const directory = mkdtempSync(join(tmpdir(), 'login-'));
    const commands = shellLines(readPage('docs/recipes/passport-login.md')).filter((line) => line.startsWith('curl'));
    const script = commands.join('\n').replaceAll('localhost:3000', new URL(await app.getUrl()).host);
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: directory });
    rmSync(directory, { recursive: true });
    expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toEqual({ name: 'anna', devices: 1 });
  });

  it('keeps values that other requests have stored while the password was checked', async () => {
    const anna = visitor();
    await anna.get('/pages/first');
    const { allHeld, release } = holdCalls(UsersService.prototype, 'verify', 1);
    const login = anna.post('/login', ANNA);
    await allHeld;
    await visitor(anna.cookie).get('/pages/second');
    release();
    await login;
    expect(await profileOf(anna.cookie)).toMatchObject({ name: 'anna', lastPage: 'second' });
  });

  it('logs in twice at once, as after a double click', async () => {
    const guest = visitor();
    await guest.get('/pages/about');
    const [one, other] = [visitor(guest.cookie), visitor(guest.cookie)];
    const { allHeld, release } = holdCalls(UsersService.prototype, 'verify', 2);
    const logins = Promise.all([one, other].map((anna) => anna.post('/login', ANNA)));
    await allHeld;
    release();
    for (const { headers } of await logins) expect(headers.location).toBe('/profile');
    const profiles = [await profileOf(one.cookie), await profileOf(other.cookie)];
    expect(profiles.map(({ name }) => name)).toEqual(['anna', 'anna']);
    expect(profiles.filter(({ lastPage }) => lastPage === 'about')).toHaveLength(1);
    expect(await profileOf(guest.cookie)).toBe(303);
  });

  it('finishes requests that run during a login, and never restores the old session', async () => {
    const anna = visitor();
    await anna.post('/login', ANNA);
    const { cookie: old } = anna;
    const { allHeld, release } = holdCalls(UsersService.prototype, 'find', 2);
    const late = [visitor(old).get('/pages/late'), visitor(old).get('/pages/later')];
    await allHeld;
    await anna.post('/login', ANNA);
    release();
    for (const response of await Promise.all(late)) {
      expect(response.status).toBe(200);
      expect(response.headers).not.toHaveProperty('set-cookie');
    }
    expect(await profileOf(old)).toBe(303);
    expect(await profileOf(anna.cookie)).toEqual({ name: 'anna', devices: 1 });
  });

  it('answers a probe, with or without a cookie, and sends no cookie', async () => {
    const anna = visitor();
    await anna.post('/login', ANNA);
    for (const probe of [visitor(), anna]) {
      const { status, body, headers } = await probe.get('/health');
      expect([status, body]).toEqual([200, { status: 'up' }]);
      expect(headers).not.toHaveProperty('set-cookie');
    }
  });

  it('logs out the other devices', async () => {
    const [phone, laptop] = [visitor(), visitor()];
    await phone.post('/login', ANNA);
    await laptop.post('/login', ANNA);
    expect(await profileOf(phone.cookie)).toMatchObject({ devices: 2 });
    expect((await laptop.post('/logout-elsewhere')).body).toEqual({ loggedOut: 1 });
    expect(await profileOf(phone.cookie)).toBe(303);
    expect(await profileOf(laptop.cookie)).toMatchObject({ devices: 1 });
  });
});

/** Passport as a middleware that sends the answer itself. */
@Module({})
class RedirectingModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    const login = passport.authenticate('local', { successRedirect: '/profile', failureRedirect: '/login', failureMessage: 'Try again' });
    consumer.apply(login).forRoutes({ path: 'form', method: RequestMethod.POST });
  }
}

describe("Passport's own redirects", () => {
  it.each([
    ['/login', { ...ANNA, password: 'wrong' }, { messages: ['Try again'] }],
    ['/profile', ANNA, { passport: { user: '1' } }],
  ])('leave for %s when the session is stored', async (location, credentials, values) => {
    const { AppModule } = await import('./app.module.js');
    const app = await NestFactory.create({ module: RedirectingModule, imports: [AppModule] });
    await app.listen(0);
    const browser = new Browser(app);
    const { status, headers } = await browser.post('/form', credentials);
    expect([status, headers.location]).toEqual([302, location]);
    expect(browser.cookie).not.toBe('');
    expect(Object.values(await app.get(SessionService).all())).toMatchObject([values]);
    await app.close();
  });
});
