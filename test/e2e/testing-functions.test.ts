import { createSecretKey, randomBytes } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import request, { type Response } from 'supertest';
import {
  SessionLimitError,
  SessionService,
  SessionTestingError,
  SmartSessionTestingModule,
  ageSession,
  readSession,
  sessionCookie,
  sessionHeaders,
  type DialectName,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { DATABASES } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { SessionsApp } from '../support/sessions-app.js';
import { IS_EXPRESS } from '../support/platform.js';
import { signedCookie } from '../support/signed-cookie.js';

const KEY = randomBytes(32);
const AUTHORIZATION = { header: 'authorization', scheme: 'Session' };

/** Runs work on an app whose sessions are in a table of its own. */
async function on(
  database: DialectName,
  options: SmartSessionModuleOptions,
  work: (app: INestApplication, site: SessionsApp) => Promise<void>,
): Promise<void> {
  const site = await SessionsApp.start(database, { tableName: 'testing_functions', ...options });
  await work(site.app, site).finally(() => site.close());
}

const server = (app: INestApplication) => request(app.getHttpServer() as Parameters<typeof request>[0]);
const show = (app: INestApplication, cookie: string) => server(app).get('/session').set('Cookie', cookie);

function valuesIn({ body }: Response): Record<string, unknown> {
  const { cookie: _, ...values } = body as Record<string, unknown>;
  return values;
}

describeEach(DATABASES)('functions for tests, on %s', (database) => {
  let site: SessionsApp;
  let app: INestApplication;

  beforeAll(async () => {
    const lives = { ttl: 60_000, touchAfter: 6000, absoluteTtl: 150_000, anonymousTtl: 30_000, userId: 'user' };
    const codec = { serializer: 'rich', encryption: { keys: [KEY] } } as const;
    site = await SessionsApp.start(database, { tableName: 'testing_functions', ...lives, ...codec });
    ({ app } = site);
  });
  afterAll(() => site.close());

  const logIn = () => sessionCookie(app, { user: 1, at: new Date(0) } as object);

  it('store a session and read it', async () => {
    const cookie = await logIn();
    expect(valuesIn(await show(app, cookie))).toEqual({ user: 1, at: new Date(0).toISOString() });
    const answer = await server(app).post('/set').set('Cookie', cookie).send({ user: 2 });
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(await readSession(app, answer)).toEqual({ user: 2, at: new Date(0) });
    expect(await readSession(app, cookie)).toEqual({ user: 2, at: new Date(0) });
  });

  it('make a session older, until it ends without use', async () => {
    const cookie = await logIn();
    await ageSession(app, cookie, 55_000);
    await show(app, cookie);
    await ageSession(app, cookie, 55_000);
    expect(await readSession(app, cookie)).toMatchObject({ user: 1 });
    await ageSession(app, cookie, 5000);
    expect(await readSession(app, cookie)).toBeUndefined();
    expect(valuesIn(await show(app, cookie))).toEqual({});
  });

  it('show that a session without a user ends earlier', async () => {
    const cookie = await sessionCookie(app);
    await ageSession(app, cookie, 30_000);
    expect(await readSession(app, cookie)).toBeUndefined();
  });

  it('show that a session is extended only after `touchAfter`', async () => {
    const cookie = await logIn();
    await ageSession(app, cookie, 5000);
    await show(app, cookie);
    await ageSession(app, cookie, 55_000);
    expect(await readSession(app, cookie)).toBeUndefined();
  });

  it('show that a session ends after `absoluteTtl`, however often it is used', async () => {
    const cookie = await logIn();
    for (const ms of [55_000, 55_000]) {
      await ageSession(app, cookie, ms);
      expect(valuesIn(await show(app, cookie))).toMatchObject({ user: 1 });
    }
    await ageSession(app, cookie, 40_000);
    expect(await readSession(app, cookie)).toBeUndefined();
  });

  it('end the lease of a lock that has become too old', async () => {
    await site.clear();
    const cookie = await logIn();
    const { dialect } = site.context;
    await site.run(`update {table} set lease_id = 'of a dead process', lease_expires_at = ${dialect.fromNow('5000')}`);
    const isHeld = async () => (await site.run(`select 1 as held from {table} where lease_expires_at > ${dialect.now}`)).length === 1;
    expect(await isHeld()).toBe(true);
    await ageSession(app, cookie, 6000);
    expect(await isHeld()).toBe(false);
  });
});

describe('the session of a test', () => {
  const options: [string, SmartSessionModuleOptions][] = [
    ['no options', {}],
    ['ids that are not hashed', { hashIds: false }],
    ['another cookie', { name: '__Secure-app', cookie: { secure: true, maxAge: 60_000, sameSite: 'strict' } }],
    ['several secrets', { secret: [createSecretKey(Buffer.alloc(32, 1)), 'earlier'] }],
    ['a cookie as a function', { cookie: (asked) => ({ secure: asked.hostname === 'nowhere' }) }],
    ['pessimistic locking', { locking: 'pessimistic' }],
  ];

  it.each(options)('is the session of a request, with %s', (_name, given) =>
    on('sqlite', given, async (app) => {
      const cookie = await sessionCookie(app, { user: 1, cart: ['tea'] } as object);
      expect(valuesIn(await show(app, cookie))).toEqual({ user: 1, cart: ['tea'] });
      const answer = await server(app).post('/set').set('Cookie', cookie).send({ user: 2 });
      expect(answer.headers).not.toHaveProperty('set-cookie');
      expect(await readSession(app, answer)).toEqual({ user: 2, cart: ['tea'] });
    }),
  );

  it('belongs to its user, and counts for the limit of the user', () =>
    on('sqlite', { userId: 'user', maxSessionsPerUser: { max: 1, whenFull: 'deny' } }, async (app) => {
      await sessionCookie(app, { user: 'anna' } as object);
      expect(await app.get(SessionService).list({ userId: 'anna' })).toHaveLength(1);
      await expect(sessionCookie(app, { user: 'anna' } as object)).rejects.toThrow(SessionLimitError);
    }));

  it('is found by the TestingModule and by a ModuleRef, before the app is initialized', async () => {
    const testing = await Test.createTestingModule({ imports: [SmartSessionTestingModule.forRoot()] }).compile();
    const cookie = await sessionCookie(testing, { a: 1 } as object);
    expect(await readSession(testing.get(ModuleRef), cookie)).toEqual({ a: 1 });
    await testing.close();
  });

  it('has no values by default', () =>
    on('sqlite', {}, async (app) => expect(await readSession(app, await sessionCookie(app))).toEqual({})));

  it('travels in the header of the option `transport`', () =>
    on('sqlite', { transport: AUTHORIZATION }, async (app) => {
      const headers = await sessionHeaders(app, { a: 1 } as object);
      expect(Object.keys(headers)).toEqual(['authorization']);
      expect(valuesIn(await server(app).get('/session').set(headers))).toEqual({ a: 1 });
      const answer = await server(app).post('/set').set(headers).send({ b: 2 });
      expect(await readSession(app, answer)).toEqual({ a: 1, b: 2 });
      const first = await server(app).post('/set').set('Authorization', 'Session').send({ c: 3 });
      expect(await readSession(app, first)).toEqual({ c: 3 });
      await ageSession(app, headers, 24 * 3600_000);
      expect(await readSession(app, headers)).toBeUndefined();
    }));

  it('travels in a header without a scheme', () =>
    on('sqlite', { transport: { header: 'X-Session' } }, async (app) => {
      const headers = await sessionHeaders(app, { a: 1 } as object);
      expect(valuesIn(await server(app).get('/session').set(headers))).toEqual({ a: 1 });
    }));

  it('travels in the cookie if the app takes both', () =>
    on('sqlite', { transport: ['cookie', AUTHORIZATION] }, async (app) => {
      const headers = await sessionHeaders(app, { a: 1 } as object);
      expect(valuesIn(await show(app, headers.cookie!))).toEqual({ a: 1 });
      expect(await readSession(app, headers)).toEqual({ a: 1 });
    }));
});

describe('the session of a response', () => {
  it('is that of its cookie', () =>
    on('sqlite', {}, async (app) => {
      const answer = await server(app).post('/set').send({ a: 1 });
      expect(await readSession(app, answer)).toEqual({ a: 1 });
      expect(await readSession(app, answer.get('Set-Cookie')!)).toEqual({ a: 1 });
      const cookie = await sessionCookie(app, { user: 'ben' } as object);
      const login = await server(app).post('/login').set('Cookie', cookie);
      expect([await readSession(app, login), await readSession(app, cookie)]).toEqual([{ user: 'anna' }, undefined]);
    }));

  it('is none if no session was made, or it was ended', () =>
    on('sqlite', {}, async (app) => {
      expect(await readSession(app, await server(app).get('/nothing'))).toBeUndefined();
      const cookie = await sessionCookie(app, { a: 1 } as object);
      const logout = await server(app).delete('/session').set('Cookie', cookie);
      expect(logout.get('Set-Cookie')?.[0]).toMatch(/^sid=;/);
      expect([await readSession(app, logout), await readSession(app, cookie)]).toEqual([undefined, undefined]);
      expect(await readSession(app, '')).toBeUndefined();
    }));

  it('is found in a response of fetch', () =>
    on('sqlite', {}, async (app) => {
      const url = await app.getUrl();
      const cookie = await sessionCookie(app, { a: 1 } as object);
      expect(await readSession(app, await fetch(`${url}/login`, { method: 'POST', headers: { cookie } }))).toEqual({ user: 'anna' });
      expect(await readSession(app, await fetch(`${url}/nothing`))).toBeUndefined();
    }));

  it('is found in a response of fetch, in the header', () =>
    on('sqlite', { transport: AUTHORIZATION }, async (app) => {
      const headers = { authorization: 'Session' };
      const answer = await fetch(`${await app.getUrl()}/login`, { method: 'POST', headers });
      expect(await readSession(app, answer)).toEqual({ user: 'anna' });
    }));

  it.skipIf(IS_EXPRESS)('is found in a response of light-my-request', () =>
    on('sqlite', {}, async (app) => {
      const { inject } = app.getHttpAdapter().getInstance() as { inject(given: object): Promise<{ headers: object }> };
      const first = await inject({ method: 'POST', url: '/set', payload: { a: 1 } });
      expect(await readSession(app, first)).toEqual({ a: 1 });
      const cookie = await sessionCookie(app, { b: 2 } as object);
      const second = await inject({ method: 'POST', url: '/set', payload: { a: 1 }, headers: { cookie } });
      expect(await readSession(app, second)).toEqual({ a: 1, b: 2 });
    }),
  );
});

describe('what a test passes by mistake', () => {
  const refused = async (work: Promise<unknown>, message: string) => {
    const error = await work.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SessionTestingError);
    expect((error as Error).message).toContain(message);
  };

  it('is named: the app', async () => {
    const testing = await Test.createTestingModule({}).compile();
    await refused(sessionCookie(testing), '`sessionCookie`: the app has no SmartSessionModule.');
    await refused(readSession(undefined as never, ''), '`readSession`: undefined is no app.');
  });

  it('is named: the session', () =>
    on('sqlite', {}, async (app) => {
      await refused(readSession(app, signedCookie('an id', 'of another app')), 'is not signed by a `secret` of this app.');
      await refused(readSession(app, 'session=1'), '"session=1" has no cookie `sid`.');
      await refused(ageSession(app, 7 as never, 1), '`ageSession`: 7 is no response and no cookie.');
      await refused(ageSession(app, signedCookie('unknown'), 1), 'the session is not stored, or has ended.');
      await refused(ageSession(app, await server(app).get('/nothing'), 1), 'the session is not stored, or has ended.');
    }));

  it('is named: the time and the values', () =>
    on('sqlite', {}, async (app) => {
      const cookie = await sessionCookie(app);
      for (const ms of [-1, 1.5, NaN, Infinity, '60'])
        await refused(ageSession(app, cookie, ms as never), `${typeof ms === 'string' ? '"60"' : ms} is no time.`);
      await refused(sessionCookie(app, 'anna' as never), '"anna" is no object.');
      const unsent = () => server(app).get('/session') as never;
      const forgotten = 'a promise was given. Await it first.';
      await refused(readSession(app, unsent()), forgotten);
      await refused(ageSession(app, unsent(), 1000), forgotten);
      await refused(sessionCookie(app, unsent()), forgotten);
      await refused(sessionHeaders(app, unsent()), forgotten);
      await refused(sessionHeaders(app, null as never), 'null is no object.');
    }));

  it('is named: the transport', () =>
    on('sqlite', { transport: AUTHORIZATION }, (app) =>
      refused(sessionCookie(app), "`sessionCookie`: the app's option `transport` takes no cookies."),
    ));
});
