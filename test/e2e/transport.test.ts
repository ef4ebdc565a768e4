import type { INestApplication } from '@nestjs/common';
import request, { type Response as Answer } from 'supertest';
import { SessionService, SmartSessionOptions, type SmartSessionModuleOptions } from '../../src/index.js';
import { startHandlerApp, type Handler } from '../support/handler-app.js';
import { signedCookie } from '../support/signed-cookie.js';
import { startTestApp } from '../support/test-app.js';

const AUTHORIZATION = { header: 'Authorization', scheme: 'Session' } as const;

/** A client that sends back the header of each answer as it is. */
class TokenClient {
  constructor(
    private readonly app: INestApplication,
    public token = '',
    private readonly header = 'authorization',
  ) {}

  async send(method: 'get' | 'post' | 'delete', path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
    const test = request(this.app.getHttpServer())[method](path).set(headers);
    if (this.token) void test.set(this.header, this.token);
    const answer = await test.send(body);
    this.token = (answer.headers[this.header] as string | undefined) ?? this.token;
    return answer;
  }
}

async function withApp(options: SmartSessionModuleOptions, work: (app: INestApplication) => Promise<void>): Promise<void> {
  const app = await startTestApp('sqlite', { options });
  await work(app).finally(() => app.close());
}

function valuesOf({ body }: Answer): Record<string, unknown> {
  const { cookie: _, ...values } = body as Record<string, unknown>;
  return values;
}
const signed = (id: string, secret?: string) => `Session ${decodeURIComponent(signedCookie(id, secret)).slice('sid=s:'.length)}`;

describe('sessions in the header Authorization', () => {
  const transport = AUTHORIZATION;

  it('are sent back in the same header when they are new, and cookies are neither read nor set', () =>
    withApp({ transport }, async (app) => {
      const client = new TokenClient(app);
      const first = await client.send('post', '/set', { a: 1 });
      expect(first.headers.authorization).toMatch(/^Session [\w-]{32}\.[\w+/]+$/);
      expect(first.headers).toMatchObject({ 'cache-control': 'no-store', vary: 'authorization' });
      expect(first.headers['set-cookie']).toBeUndefined();
      const cookie = signedCookie((first.body as { id: string }).id);
      const second = await client.send('post', '/set', { b: 2 }, { cookie });
      expect(second.headers).not.toHaveProperty('authorization');
      expect(valuesOf(await client.send('get', '/session'))).toEqual({ a: 1, b: 2 });
      expect(valuesOf(await new TokenClient(app).send('get', '/session', undefined, { cookie }))).toEqual({});
    }));

  it('keep the changes of all requests', () =>
    withApp({ transport }, async (app) => {
      const client = new TokenClient(app);
      await client.send('post', '/set', { start: 1 });
      const keys = Array.from({ length: 20 }, (_, n) => `key${n}`);
      await Promise.all(keys.map((key) => client.send('post', '/dawdle', { [key]: 1 })));
      expect(Object.keys(valuesOf(await client.send('get', '/session'))).toSorted()).toEqual([...keys, 'start'].toSorted());
    }));

  it('change their id at a login, and end with an answer without an id', () =>
    withApp({ transport }, async (app) => {
      const client = new TokenClient(app);
      await client.send('post', '/set', { a: 1 });
      const before = client.token;
      await client.send('post', '/login');
      expect(client.token).not.toBe(before);
      expect(valuesOf(await new TokenClient(app, before).send('get', '/session'))).toEqual({});
      const failed = await new TokenClient(app).send('post', '/unstorable');
      expect([failed.status, failed.headers.authorization]).toEqual([500, undefined]);
      const last = await client.send('delete', '/session');
      expect([last.headers.authorization, last.headers['set-cookie']]).toEqual(['Session', undefined]);
      expect(valuesOf(await client.send('get', '/session'))).toEqual({});
    }));

  it('are not those of another signature, scheme or form', () =>
    withApp({ transport }, async (app) => {
      const client = new TokenClient(app);
      const { body } = await client.send('post', '/set', { a: 1 });
      const { id } = body as { id: string };
      const id64 = signed(id).split(' ')[1]!;
      const wrong = [
        signed(id, 'another secret'),
        `Bearer ${id64}`,
        `Session s:${id64}`,
        `Session ${encodeURIComponent(`s:${id64}`)}`,
        `Session ${id64}, Session ${id64}`,
        `Session ${id64} ${id64}`,
        `Session ${id}`,
        `Session${id64}`,
        'Session %',
        `Session ${'x'.repeat(5000)}`,
        'Session',
      ];
      for (const token of wrong) {
        const answer = await new TokenClient(app, token).send('get', '/session');
        expect([token, answer.status, valuesOf(answer)]).toEqual([token, 200, {}]);
      }
      for (const token of [`session ${id64}`, `SESSION   ${id64}`])
        expect(valuesOf(await new TokenClient(app, token).send('get', '/session'))).toEqual({ a: 1 });
    }));

  it('are signed anew if an older secret has signed them', () =>
    withApp({ transport, secret: ['new', 'old'] }, async (app) => {
      const client = new TokenClient(app);
      const { body } = await client.send('post', '/set', { a: 1 });
      const { id } = body as { id: string };
      const answer = await new TokenClient(app, signed(id, 'old')).send('get', '/session');
      expect([answer.headers.authorization, valuesOf(answer)]).toEqual([signed(id, 'new'), { a: 1 }]);
    }));

  it('are sent with each answer if they roll, and not over http if they are secure', async () => {
    await withApp({ transport, rolling: true }, async (app) => {
      const client = new TokenClient(app);
      await client.send('post', '/set', { a: 1 });
      expect((await client.send('get', '/session')).headers.authorization).toBe(client.token);
    });
    await withApp({ transport, cookie: { secure: true } }, async (app) => {
      expect((await new TokenClient(app).send('post', '/set', { a: 1 })).headers).not.toHaveProperty('authorization');
    });
  });

  it('leave the cookies of the request to the app, and take none that a middleware has found', async () => {
    const found: Record<'cookies' | 'signedCookies', { sid?: string }> = { cookies: {}, signedCookies: {} };
    const started = await startHandlerApp(
      { transport },
      (incoming, _response, next) => void next(Object.assign(incoming, found) && undefined),
    );
    await started.ask('', (session) => void (session.a = 1));
    const client = new TokenClient(started.app);
    await client.send('get', '/handler');
    const id = client.token.split(' ')[1]!.split('.')[0]!;
    found.cookies = { sid: decodeURIComponent(signedCookie(id)).slice('sid='.length) };
    found.signedCookies = { sid: id };
    const seen: unknown[] = [];
    const see: Handler = async (_session, { headers, cookies, signedCookies, sessionID }) => {
      const at = [headers.cookie, cookies, signedCookies, sessionID === id];
      headers.cookie = 'changed=by the app';
      await new Promise(setImmediate);
      seen.push([...at, headers.cookie]);
    };
    await started.ask('theme=dark; sid=x', see);
    await new TokenClient(started.app, client.token).send('get', '/handler');
    await started.app.close();
    expect(seen).toEqual([
      ['theme=dark; sid=x', found.cookies, found.signedCookies, false, 'changed=by the app'],
      [undefined, found.cookies, found.signedCookies, true, 'changed=by the app'],
    ]);
  });
});

describe('sessions in a cookie or in a header', () => {
  const transport = ['cookie', AUTHORIZATION] as const;

  it('travel as the request chooses', () =>
    withApp({ transport }, async (app) => {
      const byCookie = await request(app.getHttpServer()).post('/set').send({ a: 1 });
      expect([byCookie.headers['set-cookie']?.length, byCookie.headers.authorization]).toEqual([1, undefined]);
      expect(byCookie.headers.vary).toBe('Cookie, authorization');
      const { id } = byCookie.body as { id: string };
      const other = { cookie: signedCookie(id), authorization: 'Bearer abc' };
      expect(valuesOf(await request(app.getHttpServer()).get('/session').set(other))).toEqual({ a: 1 });
      expect(valuesOf(await new TokenClient(app, signed(id)).send('get', '/session'))).toEqual({ a: 1 });
      const client = new TokenClient(app, 'Session');
      const byHeader = await client.send('post', '/set', { b: 1 });
      expect(byHeader.headers['set-cookie']).toBeUndefined();
      expect(valuesOf(await client.send('get', '/session'))).toEqual({ b: 1 });
    }));

  it('are refused if a request has both', () =>
    withApp({ transport }, async (app) => {
      const client = new TokenClient(app, 'Session');
      const { body } = await client.send('post', '/set', { a: 1 });
      const { id } = body as { id: string };
      for (const token of [client.token, 'Session', 'Session wrong'])
        for (const cookie of [signedCookie(id), 'sid=wrong', 'sid=']) {
          const answer = await new TokenClient(app, token).send('post', '/set', { b: 1 }, { cookie });
          expect([answer.status, (answer.body as { message: string }).message]).toEqual([400, 'Session given twice']);
          expect([answer.headers['set-cookie'], answer.headers.authorization]).toEqual([undefined, undefined]);
        }
      expect(valuesOf(await client.send('get', '/session'))).toEqual({ a: 1 });
      expect(await app.get(SessionService, { strict: false }).count()).toBe(1);
    }));
});

it('sessions in a header of the app have no scheme', () =>
  withApp({ transport: { header: 'X-Session' } }, async (app) => {
    const client = new TokenClient(app, '', 'x-session');
    await client.send('post', '/set', { a: 1 });
    expect(client.token).toMatch(/^[\w-]{32}\.[\w+/]+$/);
    expect(valuesOf(await client.send('get', '/session'))).toEqual({ a: 1 });
    expect((await client.send('delete', '/session')).headers['x-session']).toBe('');
  }));

it.each([
  ['header'],
  [[]],
  [['cookie', { header: 'a' }, { header: 'b' }]],
  [{}],
  [{ header: 'authorization' }],
  [{ header: 'Cookie' }],
  [{ header: 'content-type', scheme: 'a' }],
  [{ header: 'a b' }],
  [{ header: 'authorization', scheme: '' }],
  [{ header: 'authorization', scheme: 'a b' }],
  [null],
  [true],
])('refuses transport: %j', (transport) => {
  const make = () => new SmartSessionOptions({ secret: 'x', transport } as never);
  if (transport === null) expect(make().transport).toEqual({ takesCookies: true, header: undefined });
  else expect(make).toThrow("Use 'cookie', a header such as { header: 'authorization', scheme: 'Session' }, or a list of both.");
});
