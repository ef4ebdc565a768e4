import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SessionService } from 'nestjs-smart-session';
import { Configuration, customFetch, refreshTokenGrant } from 'openid-client';
import { ForkedProcess } from '../../test/support/forked-process.js';
import { freePort } from '../../test/support/free-port.js';
import { startRecipe } from '../../test/support/recipe.js';
import { Visitor } from '../../test/support/visitor.js';
import type { Tokens } from './session-data.js';

interface Counts {
  readonly redeemed: number;
  readonly refused: number;
  readonly revoked: number;
}

interface Address {
  readonly issuer: string;
  readonly client: { readonly client_id: string; readonly client_secret: string };
}

const TABS = 20;

describe('token refresh in two instances of an app', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tokens-'));
  let provider: ForkedProcess<'counts' | 'address', object>;
  let apps: INestApplication[];
  let urls: string[];
  let sessions: SessionService;
  let anna: Visitor;

  beforeAll(async () => {
    const port = String(await freePort());
    const APP_URL = `http://127.0.0.1:${port}`;
    provider = new ForkedProcess('build/test/support/identity-provider.js', [`${APP_URL}/callback`]);
    const { issuer, client } = (await provider.ask('address')) as Address;
    const login = { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: client.client_id, OIDC_CLIENT_SECRET: client.client_secret };
    const first = await startRecipe(() => import('./main.js'), { PORT: port, APP_URL, SQLITE_FILE: join(directory, 'sessions'), ...login });
    const { AppModule } = await import('./app.module.js');
    const second = await NestFactory.create(AppModule);
    await second.listen(0, '127.0.0.1');
    apps = [first, second];
    urls = [APP_URL, await second.getUrl()];
    sessions = first.get(SessionService);
  });
  beforeEach(async () => {
    anna = new Visitor();
    await anna.follow(`${urls[0]}/login`);
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await provider.stop();
    rmSync(directory, { recursive: true });
  });

  const counts = () => provider.ask('counts') as Promise<Counts>;
  const idOf = (cookie: string) => sessions.idOf({ headers: { cookie } })!;
  const sessionId = () => idOf(anna.cookiesOf(urls[0]!));

  /** Sends a request with the session to one of the instances. */
  const ask = (url: string, path = '/profile', method = 'GET') =>
    fetch(url + path, { method, headers: { cookie: anna.cookiesOf(urls[0]!) } });

  /** Opens tabs at the same time, in both instances. Returns the statuses, once each. */
  async function openTabs(): Promise<number[]> {
    const answers = await Promise.all(Array.from({ length: TABS }, (_, n) => ask(urls[n % urls.length]!)));
    return [...new Set(answers.map(({ status }) => status))].toSorted();
  }

  /** Makes the access token look expired. */
  async function expire(): Promise<Tokens> {
    return sessions.update(sessionId(), (draft) => (draft.tokens = { ...draft.tokens!, expiresAt: 0 }));
  }

  it('logs in under a new session id', async () => {
    const guest = new Visitor();
    expect((await guest.send(`${urls[0]}/profile`)).status).toBe(401);
    const begun = await guest.send(`${urls[0]}/login`);
    const cookie = guest.cookiesOf(urls[0]!);
    const profile = await guest.follow(begun.headers.get('location')!);
    expect([profile.url, await profile.json()]).toEqual([`${urls[0]}/profile`, { sub: 'anna' }]);
    expect(guest.cookiesOf(urls[0]!)).not.toBe(cookie);
    expect(await sessions.load(idOf(cookie))).toBeUndefined();
  });

  it('redeems a refresh token once for all tabs', async () => {
    for (let round = 1; round <= 2; round++) {
      const { redeemed, refused, revoked } = await counts();
      await expire();
      expect(await openTabs()).toEqual([200]);
      expect(await counts()).toEqual({ redeemed: redeemed + 1, refused, revoked });
    }
  });

  it('is revoked by the provider if each request refreshes on its own', async () => {
    vi.spyOn(SessionService.prototype, 'once').mockImplementation(async (session, _name, { isFresh, work, select }) => {
      if (!(await isFresh!(session as never))) await work(session as never, { isHeld: () => true });
      return select!(session as never);
    });
    const { revoked } = await counts();
    await expire();
    expect(await openTabs()).not.toEqual([200]);
    expect((await counts()).revoked).toBeGreaterThan(revoked);
  });

  it('logs out a user whose login the provider has ended', async () => {
    const { refreshToken } = await expire();
    for (let n = 0; n < 2; n++) await refreshTokenGrant(apps[0]!.get(Configuration), refreshToken).catch(() => undefined);
    expect(await openTabs()).toEqual([401]);
    expect(await sessions.load(sessionId())).not.toHaveProperty('tokens');
  });

  it('revokes the tokens at logout, after a refresh in flight', async () => {
    const { redeemed, refused, revoked } = await counts();
    const id = sessionId();
    await expire();
    const { arrived, release } = holdRequest(apps[0]!);
    const tab = ask(urls[0]!);
    await arrived;
    const logout = ask(urls[1]!, '/logout', 'POST');
    // A logout that does not wait is answered within this time.
    await Promise.race([logout, sleep(100)]);
    release();
    await tab;
    expect((await logout).status).toBe(204);
    const after = await counts();
    expect(after).toMatchObject({ redeemed: redeemed + 1, refused });
    expect(after.revoked).toBeGreaterThan(revoked);
    expect(await sessions.load(id)).toBeUndefined();
    expect((await ask(urls[0]!)).status).toBe(401);
  });

  it('logs out although the provider does not answer', async () => {
    const config = apps[1]!.get(Configuration);
    config[customFetch] = () => Promise.reject(new TypeError('fetch failed'));
    expect((await ask(urls[1]!, '/logout', 'POST')).status).toBe(500);
    delete config[customFetch];
    expect((await ask(urls[0]!)).status).toBe(401);
  });
});

/** Holds the next request of an app to its provider. */
function holdRequest(app: INestApplication): { arrived: Promise<void>; release: () => void } {
  const config = app.get(Configuration);
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const arrived = new Promise<void>((resolve) => {
    config[customFetch] = async (url, options) => {
      delete config[customFetch];
      resolve();
      await released;
      return fetch(url, options as RequestInit);
    };
  });
  return { arrived, release };
}
