import { createSecretKey, randomBytes } from 'node:crypto';
import { Logger, type INestApplication } from '@nestjs/common';
import type { Request } from 'express';
import request, { type Response as Answer } from 'supertest';
import {
  SmartSessionConfigError,
  SmartSessionOptions,
  type CookieAttributes,
  type CookieOption,
  type CookieSecret,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { startTestApp } from '../support/test-app.js';

const cookieOf = ({ headers }: Answer) => [headers['set-cookie'] ?? []].flat().map(String)[0];

async function withApp(options: SmartSessionModuleOptions, work: (app: INestApplication) => Promise<void>): Promise<void> {
  const app = await startTestApp('sqlite', { options: { pruneInterval: false, ...options }, isBehindProxy: true });
  await work(app).finally(() => app.close());
}

const write = (app: INestApplication, protocol = 'http', cookie = '', path = '/set') =>
  request(app.getHttpServer()).post(path).set('X-Forwarded-Proto', protocol).set('Cookie', cookie).send({ a: Math.random() });

/** The attributes of the cookie that a new session gets, that one gets which was loaded, and that of a login. */
async function sent(app: INestApplication, protocol: string): Promise<string[]> {
  const first = cookieOf(await write(app, protocol)) ?? '';
  const again = cookieOf(await write(app, protocol, first.split(';')[0])) ?? '';
  const login = cookieOf(await write(app, protocol, first.split(';')[0], '/login')) ?? '';
  return [first, again, login].map((cookie) => cookie.replace(/^sid=[^;]*; /, ''));
}

describe('`cookie`, an object and a function', () => {
  it.each<[CookieAttributes, string, string]>([
    [{}, 'http', 'Path=/; HttpOnly; SameSite=Lax'],
    [{}, 'https', 'Path=/; HttpOnly; Secure; SameSite=Lax'],
    [{ secure: 'auto', sameSite: 'auto' }, 'http', 'Path=/; HttpOnly; SameSite=Lax'],
    [{ secure: 'auto', sameSite: 'auto' }, 'https', 'Path=/; HttpOnly; Secure; SameSite=None'],
    [{ secure: false, sameSite: 'auto' }, 'http', 'Path=/; HttpOnly; SameSite=Lax'],
    [
      { secure: true, sameSite: 'none', partitioned: true, priority: 'high' },
      'https',
      'Path=/; HttpOnly; Secure; Partitioned; Priority=High; SameSite=None',
    ],
    [{ httpOnly: false, sameSite: false, domain: 'a.example' }, 'http', 'Domain=a.example; Path=/'],
  ])('%j over %s', async (cookie, protocol, expected) => {
    for (const given of [cookie, () => cookie]) {
      await withApp({ cookie: given, rolling: true }, async (app) =>
        expect(await sent(app, protocol)).toEqual([expected, expected, expected]),
      );
    }
  });

  it('may differ by request, and with the max age of each', async () => {
    const cookie = ({ originalUrl, headers }: Request): CookieAttributes => ({
      maxAge: originalUrl === '/login' ? 5 * 86_400_000 : 86_400_000,
      sameSite: headers['x-forwarded-proto'] === 'https' ? 'strict' : 'lax',
    });
    await withApp({ cookie }, async (app) => {
      const day = (n: number) => expect.stringContaining(`Expires=${new Date(Date.now() + n * 86_400_000).toUTCString().slice(0, 16)}`);
      const [first, again, login] = await sent(app, 'https');
      expect([first, again, login]).toEqual([day(1), day(1), day(5)]);
      expect(await sent(app, 'https')).toEqual(Array(3).fill(expect.stringMatching(/SameSite=Strict$/)));
      const created = cookieOf(await write(app, 'http', '', '/login'))!;
      // What was loaded keeps its own max age.
      expect(cookieOf(await write(app, 'http', created.split(';')[0]))).toEqual(day(5));
    });
  });

  const bad: [string, CookieOption][] = [
    ['null', (() => null) as never],
    ['a text', (() => 'lax') as never],
    ['a list', (() => []) as never],
    ['a promise', (() => Promise.resolve({})) as never],
    ['an unknown attribute', (() => ({ samesite: 'lax' })) as never],
    ['a max age without end', () => ({ maxAge: Infinity })],
    ['what browsers refuse', () => ({ sameSite: 'none', secure: false })],
  ];

  it.each(bad)('a function that returns %s: the request is answered, and the log says why', async (_what, cookie) => {
    let isBad = false;
    const good = () => ({ sameSite: 'lax' }) as const;
    await withApp(
      { cookie: (asked: Request) => (isBad ? (cookie as typeof good) : good)(...([asked] as never as [])), rolling: true },
      async (app) => {
        const known = cookieOf(await write(app))!.split(';')[0];
        const errors: unknown[] = [];
        app.useLogger({ log() {}, warn() {}, error: (...line: unknown[]) => errors.push(...line) });
        isBad = true;
        for (const held of ['', known]) expect((await write(app, 'http', held)).status).toBe(500);
        Logger.overrideLogger(false);
        expect(errors.filter((line) => String((line as Error)?.message ?? line).includes('option `cookie`: '))).toHaveLength(2);
        isBad = false;
        expect((await write(app, 'http', known)).status).toBe(201);
      },
    );
  });

  it('a function that throws, or whose prefix does not fit', async () => {
    const fail = () => {
      throw new Error('no tenant');
    };
    await withApp({ cookie: fail }, async (app) => expect((await write(app)).status).toBe(500));
    await withApp({ name: '__Host-sid', cookie: () => ({ secure: true, domain: 'a.example' }) }, async (app) =>
      expect((await write(app, 'https')).status).toBe(500),
    );
  });

  it('an async function is refused at start', () => {
    expect(() => new SmartSessionOptions({ secret: 'x', cookie: (async () => ({})) as never })).toThrow(SmartSessionConfigError);
  });
});

describe('`secret`, text, bytes and keys', () => {
  const bytes = randomBytes(32);

  it.each<[string, CookieSecret]>([
    ['a Buffer', bytes],
    ['a Uint8Array', new Uint8Array(bytes)],
    ['a DataView', new DataView(bytes.buffer, bytes.byteOffset, 32)],
    ['a KeyObject', createSecretKey(bytes)],
  ])('%s signs, and verifies what it has signed', async (_what, secret) => {
    await withApp({ secret }, async (app) => {
      const signed = cookieOf(await write(app))!.split(';')[0]!;
      expect((await request(app.getHttpServer()).get('/session').set('Cookie', signed)).body).toHaveProperty('a');
      const forged = signed.slice(0, -3) + (signed.endsWith('AAA') ? 'BBB' : 'AAA');
      expect((await request(app.getHttpServer()).get('/session').set('Cookie', forged)).body).not.toHaveProperty('a');
    });
  });

  it('stays as it was given when the app wipes it', () => {
    const given = Buffer.from(bytes);
    const { secret } = new SmartSessionOptions({ secret: [given, 'x'] });
    given.fill(0);
    expect(secret).toEqual([bytes, 'x']);
  });

  it('is refused where it is none', () => {
    for (const secret of [Buffer.alloc(0), new Uint8Array(), [], [''], 5, {}, ['x', Buffer.alloc(0)], null]) {
      expect(() => new SmartSessionOptions({ secret: (secret ?? '') as never })).toThrow(/`secret`/);
    }
    const { NODE_ENV } = process.env;
    process.env.NODE_ENV = 'production';
    try {
      for (const weak of [
        Buffer.from('keyboard cat keyboard cat keyboard cat'),
        randomBytes(16),
        Buffer.alloc(64, 'a'),
        createSecretKey(randomBytes(31)),
      ]) {
        expect(() => new SmartSessionOptions({ secret: weak })).toThrow(/in production/);
      }
      expect(() => new SmartSessionOptions({ secret: [bytes, createSecretKey(bytes)] })).not.toThrow();
    } finally {
      process.env.NODE_ENV = NODE_ENV;
    }
  });
});
