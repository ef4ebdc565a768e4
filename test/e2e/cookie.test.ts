import { randomBytes } from 'node:crypto';
import { Logger, type INestApplication } from '@nestjs/common';
import CachePolicy from 'http-cache-semantics';
import request, { type Response as Answer } from 'supertest';
import { SmartSessionConfigError, SmartSessionOptions, type SmartSessionModuleOptions } from '../../src/index.js';
import { flawInSecret } from '../../src/options/secrets.js';
import { Browser } from '../support/browser.js';
import { startTestApp } from '../support/test-app.js';

const strong = randomBytes(32).toString('base64');

/** Works on an app in production, behind a proxy that ends TLS and that it trusts. */
async function inProduction(
  options: SmartSessionModuleOptions,
  work: (app: INestApplication) => Promise<void> = async () => {},
): Promise<string[]> {
  const { NODE_ENV } = process.env;
  const warnings: string[] = [];
  process.env.NODE_ENV = 'production';
  try {
    const prepare = () => Logger.overrideLogger({ log() {}, error() {}, warn: (line: string) => warnings.push(line) });
    const settings = { options: { secret: strong, pruneInterval: false, ...options }, prepare, isBehindProxy: true } as const;
    const app = await startTestApp('sqlite', settings);
    await work(app).finally(() => app.close());
    return warnings;
  } finally {
    process.env.NODE_ENV = NODE_ENV;
    Logger.overrideLogger(false);
  }
}

const write = (app: INestApplication, protocol = 'https') =>
  request(app.getHttpServer()).post('/set').set('X-Forwarded-Proto', protocol).send({ a: 1 });
const cookieOf = ({ headers }: Answer) => [headers['set-cookie'] ?? []].flat().map(String)[0];
const startWith = (options: SmartSessionModuleOptions) => () => new SmartSessionOptions({ secret: strong, ...options });

describe('the session cookie', () => {
  it('ASVS 3.3.4: is HttpOnly, SameSite=Lax and Secure by default, with one warning where it is sent in the clear', async () => {
    const warnings = await inProduction({}, async (app) => {
      expect(cookieOf(await write(app))).toMatch(/^sid=s%3A[\w-]{32}\.[\w%-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      for (let n = 0; n < 3; n++) expect(cookieOf(await write(app, 'http'))).toMatch(/; HttpOnly; SameSite=Lax$/);
    });
    expect(warnings).toEqual([expect.stringMatching(/without Secure.*`cookie: { secure: true }`.*trust proxy/)]);
    expect(await inProduction({ cookie: { secure: true } }, async (app) => void (await write(app)))).toEqual([]);
  });

  it('gives one warning for insecure settings, which says what to set, in production only', async () => {
    const insecure = { cookie: { httpOnly: false, secure: false, sameSite: false } } as const;
    const warnings = await inProduction(insecure, async (app) => void (await write(app)));
    expect(warnings).toEqual([expect.stringMatching(/Set in `cookie`: httpOnly: true .*; secure: true .*; sameSite: 'lax'/)]);
    expect(await inProduction({ cookie: { secure: true, sameSite: 'strict' }, hashIds: false })).toEqual([
      expect.stringContaining('`hashIds: false`'),
    ]);
  });

  it('ASVS 3.3.1, 3.3.3: may have the prefixes __Host- and __Secure-, by their rules', async () => {
    await inProduction({ name: '__Host-sid', cookie: { secure: true } }, async (app) => {
      expect(cookieOf(await write(app))).toMatch(/^__Host-sid=s%3A.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    });
    const secure = { secure: true } as const;
    for (const cookie of [{}, { secure: false }, { ...secure, domain: 'a.example' }, { ...secure, path: '/app' }]) {
      expect(startWith({ name: '__Host-sid', cookie })).toThrow(SmartSessionConfigError);
      expect(startWith({ name: '__host-sid', cookie })).toThrow(/Browsers refuse such a cookie: /);
    }
    expect(startWith({ name: '__Secure-sid', cookie: { ...secure, domain: 'a.example', path: '/app' } })).not.toThrow();
    expect(startWith({ name: '__Secure-sid' })).toThrow(/`secure` is not true/);
  });

  it.each([
    ['auto', 'https', /; Secure; SameSite=None$/],
    ['auto', 'http', /; HttpOnly; SameSite=Lax$/],
    ['none', 'https', /; Secure; SameSite=None$/],
    ['strict', 'https', /; Secure; SameSite=Strict$/],
    ['lax', 'http', /; HttpOnly; SameSite=Lax$/],
  ] as const)('ASVS 3.3.2: SameSite %s over %s', async (sameSite, protocol, expected) => {
    await inProduction({ cookie: { sameSite: sameSite as never }, rolling: true }, async (app) => {
      const browser = new Browser(app);
      const first = await write(app, protocol);
      expect(cookieOf(first)).toMatch(expected);
      browser.cookie = cookieOf(first)!.split(';')[0]!;
      // A session that was loaded has its cookie made anew.
      const again = await request(app.getHttpServer()).post('/set').set('Cookie', browser.cookie).set('X-Forwarded-Proto', protocol);
      expect(cookieOf(again)).toMatch(expected);
    });
  });

  it('is refused at start where browsers would refuse it', () => {
    expect(startWith({ cookie: { sameSite: 'none', secure: false } })).toThrow(/`sameSite: 'none'`.*set `secure: true`/);
    expect(startWith({ cookie: { partitioned: true, secure: false } })).toThrow(/`partitioned`/);
  });

  it('ASVS 3.3.5: has at most 4096 characters', () => {
    expect(startWith({ name: 'n'.repeat(3969) })).toThrow(/a name of 3969 characters/);
    expect(startWith({ name: 'n'.repeat(3968) })).not.toThrow();
  });
});

describe('the secret', () => {
  const weak = [
    'keyboard cat',
    'secret',
    'changeme',
    'x'.repeat(31),
    'x'.repeat(64),
    'abcabc'.repeat(8),
    'keyboard cat, keyboard cat, keyboard cat',
    'please-change-me-before-production-0',
    'your-super-secret-session-key-12345',
    'my session secret that nobody will guess',
    'the sample has no secret to keep',
    'this-is-an-example-of-a-long-secret-key',
  ];

  it.each(weak)('ASVS 7.2.2: %s is refused in production, and not shown', async (secret) => {
    for (const given of [secret, [secret, strong]]) {
      const failure = await inProduction({ secret: given }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SmartSessionConfigError);
      expect(failure).toMatchObject({ option: 'secret', message: expect.stringMatching(/in production.*openssl rand/) });
      if (secret !== 'secret') expect(String(failure)).not.toContain(secret);
    }
    expect(startWith({ secret })).not.toThrow();
  });

  it.each(weak)('ASVS 7.2.2: %s may verify the cookies from before, with a warning that does not show it', async (secret) => {
    const lines = await inProduction({ secret: [strong, secret] });
    expect(lines.filter((line) => line.startsWith('`secret`, number 2 of 2: '))).toHaveLength(1);
    if (secret !== 'secret') expect(lines.join('\n')).not.toContain(secret);
  });

  it('may be any random text of 32 characters', () => {
    for (let n = 0; n < 2000; n++) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        expect(flawInSecret(randomBytes(24).toString(encoding))).toBeUndefined();
    }
  });
});

describe('shared caches', () => {
  let app: INestApplication;
  beforeAll(async () => {
    const prepare = (created: INestApplication) =>
      created.use('/cached', (_request: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
        response.setHeader('Vary', 'Accept-Encoding');
        response.setHeader('Cache-Control', 'public, max-age=600');
        next();
      });
    app = await startTestApp('sqlite', { options: { exclude: ['nothing'], pruneInterval: false }, prepare });
  });
  afterAll(() => app.close());

  /** Whether a cache that several clients share would answer the second request by the first one's answer. */
  const serves = (path: string, answer: Answer, first: string, second: string) => {
    const requestOf = (cookie: string) => ({ url: path, method: 'GET', headers: { host: 'a', ...(cookie ? { cookie } : {}) } });
    const policy = new CachePolicy(
      requestOf(first),
      { status: answer.status, headers: { ...answer.headers, 'cache-control': answer.headers['cache-control'] ?? 'public, max-age=600' } },
      { shared: true },
    );
    return policy.storable() && policy.satisfiesWithoutRevalidation(requestOf(second));
  };

  it("ASVS 14.2.5, 14.3.2: hand no client what is another's", async () => {
    const browser = new Browser(app);
    const created = await browser.post('/set', { a: 1 });
    expect(created.headers).toMatchObject({ vary: 'Cookie', 'cache-control': 'no-store' });
    const read = await browser.get('/session');
    expect(read.headers).toMatchObject({ vary: 'Cookie' });
    expect(read.headers).not.toHaveProperty('cache-control');
    expect(serves('/session', read, browser.cookie, browser.cookie)).toBe(true);
    expect(serves('/session', read, browser.cookie, 'sid=another')).toBe(false);
    expect(serves('/session', read, browser.cookie, '')).toBe(false);
    expect(serves('/observable', await new Browser(app).get('/observable'), '', '')).toBe(false);
  });

  it('are told what the app says, beside the cookie', async () => {
    const { headers } = await request(app.getHttpServer()).get('/session').set('Cookie', 'sid=none');
    expect(headers.vary).toBe('Cookie');
    for (const path of ['/res', '/res-file', '/file', '/redirect', '/pipe', '/empty', '/late/x', '/events']) {
      expect((await new Browser(app).get(path)).headers.vary).toMatch(/(^|, )Cookie$/);
    }
    const file = await new Browser(app).get('/res-file');
    expect(file.headers['cache-control']).toBe('public, max-age=0');
    const cached = await request(app.getHttpServer()).get('/cached');
    expect(cached.headers).toMatchObject({ vary: 'Accept-Encoding, Cookie', 'cache-control': 'public, max-age=600' });
  });

  it('are left alone on routes without a session', async () => {
    const { headers } = await request(app.getHttpServer()).get('/nothing');
    expect(headers).not.toHaveProperty('vary');
  });
});
