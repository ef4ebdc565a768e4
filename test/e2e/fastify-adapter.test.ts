import { connect, constants } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Logger, Module, Post, Req, Res, Session, type INestApplication } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { Request, Response } from 'express';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SessionService, SmartSessionMiddleware, SmartSessionModule, type SmartSessionModuleOptions } from '../../src/index.js';
import '../../src/fastify.js';

type Live = FastifyRequest['session'] & Record<string, any>;

/** What runs in a handler of the test. */
let handle: (session: Live, reply: FastifyReply, request: FastifyRequest) => unknown = () => undefined;

@Controller()
class AnswerController {
  @Get('session') read(@Session() session: Live): unknown {
    return session;
  }
  @Post('set') set(@Session() session: Live): void {
    session.a = 1;
  }
  @Get('answer') async answer(@Session() session: Live, @Res() reply: FastifyReply, @Req() request: FastifyRequest): Promise<void> {
    await handle(session, reply, request);
  }
}

const OPTIONS: SmartSessionModuleOptions = {
  dialect: 'sqlite',
  connection: { dbName: ':memory:' },
  createTable: true,
  secret: 'test',
  pruneInterval: false,
};

interface Settings {
  readonly options?: SmartSessionModuleOptions;
  readonly adapter?: FastifyAdapter;
  readonly prepare?: (app: NestFastifyApplication) => unknown;
}

async function start({ options, adapter = new FastifyAdapter(), prepare }: Settings = {}): Promise<NestFastifyApplication> {
  @Module({ imports: [SmartSessionModule.forRoot({ ...OPTIONS, ...options })], controllers: [AnswerController] })
  class AppModule {}
  const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = testing.createNestApplication<NestFastifyApplication>(adapter, { logger: false });
  await prepare?.(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

/** A client that keeps its cookie. */
async function clientOf(app: INestApplication) {
  const url = await app.getUrl();
  const client = {
    cookie: '',
    async ask(path: string, method = 'GET', headers: Record<string, string> = {}) {
      const response = await fetch(url + path, { method, redirect: 'manual', headers: { cookie: client.cookie, ...headers } });
      const [set] = response.headers.getSetCookie();
      if (set) client.cookie = set.split(';')[0]!;
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    session: async () => JSON.parse((await client.ask('/session')).text) as Record<string, unknown>,
  };
  return client;
}

/** Asks by HTTP/2. `code` is the one that the stream was closed with: 0 says that the answer is whole. */
async function askByHttp2(app: INestApplication, path: string, cookie = '') {
  const client = connect(await app.getUrl());
  const stream = client.request({ ':path': path, ...(cookie && { cookie }) });
  const answer = { status: 0, cookie, text: '', code: 0 };
  stream.on('error', () => undefined);
  stream.on('response', ({ ':status': status = 0, 'set-cookie': [set] = [] }) =>
    Object.assign(answer, { status, ...(set && { cookie: set.split(';')[0]! }) }),
  );
  stream.on('data', (chunk) => (answer.text += String(chunk)));
  await new Promise((resolve) => stream.on('close', resolve));
  client.close();
  return { ...answer, code: stream.rstCode };
}

beforeAll(() => Logger.overrideLogger(false));

describe('what only Fastify has', () => {
  let app: NestFastifyApplication;
  const stored = async (id: string) => app.get(SessionService).load(id);

  beforeAll(async () => {
    app = await start({
      prepare: (nest) => {
        const fastify = nest.getHttpAdapter().getInstance();
        fastify.addHook('preValidation', async (request, reply) => {
          const session = request.session as Live;
          if (request.url === '/hooked') {
            session.hooked = 1;
            await reply.code(202).send({ hooked: true });
          }
        });
        fastify.addHook('onSend', async (request, _reply, payload) => {
          if (request.headers['x-late'] === undefined) return payload;
          (request.session as Live).late = request.headers['x-late'];
          return payload;
        });
        fastify.route({
          method: 'GET',
          url: '/plain',
          handler: async (request) => {
            (request.session as Live).plain = 1;
            return { id: request.sessionID };
          },
        });
      },
    });
  });
  afterAll(() => app.close());

  it.each<[string, (session: Live, reply: FastifyReply) => unknown, number, string]>([
    ['send, an object', (session, reply) => reply.send({ n: (session.n = 1) }), 200, '{"n":1}'],
    ['send, a Buffer', (session, reply) => ((session.n = 1), reply.send(Buffer.from('bytes'))), 200, 'bytes'],
    ['send, nothing', (session, reply) => ((session.n = 1), reply.code(204).send()), 204, ''],
    ['send, a web stream', (session, reply) => ((session.n = 1), reply.send(new Blob(['web']).stream())), 200, 'web'],
    ['send, a Response', (session, reply) => ((session.n = 1), reply.send(new Response('fetched', { status: 201 }))), 201, 'fetched'],
    [
      'send, with a trailer',
      (session, reply) => ((session.n = 1), reply.trailer('x-sum', async () => '1').send('trailed')),
      200,
      'trailed',
    ],
    ['redirect', (session, reply) => ((session.n = 1), reply.redirect('/elsewhere', 303)), 303, ''],
    ['raw', (session, reply) => ((session.n = 1), reply.raw.end('raw')), 200, 'raw'],
    ['hijack', (session, reply) => ((session.n = 1), reply.hijack(), reply.raw.writeHead(203).end('hijacked')), 203, 'hijacked'],
    ['callNotFound', (session, reply) => ((session.n = 1), reply.callNotFound()), 404, 'Cannot GET /answer'],
    ['send, an error', (session, reply) => ((session.n = 1), reply.send(new Error('secret'))), 500, 'Internal server error'],
  ])('CommitBeforeAnswer: %s', async (_what, answer, status, text) => {
    const client = await clientOf(app);
    handle = (session, reply) => answer(session, reply);
    const response = await client.ask('/answer');
    expect([response.status, response.text]).toEqual([status, expect.stringContaining(text)]);
    expect(response.headers.get('vary')).toBe('Cookie');
    expect(await client.session()).toMatchObject({ n: 1 });
  });

  it.each<[string, (reply: FastifyReply) => unknown]>([
    ['send', (reply) => reply.header('x-own', 'a').type('text/plain').send('fine')],
    ['hijack', (reply) => (reply.hijack(), reply.raw.end('fine'))],
  ])('a commit that fails becomes an error without a cookie: %s', async (_what, answer) => {
    const client = await clientOf(app);
    handle = (session, reply) => ((session.list = [1n]), answer(reply));
    const response = await client.ask('/answer');
    expect([response.status, response.text]).toEqual([500, '{"statusCode":500,"message":"Internal server error"}']);
    expect([response.headers.get('x-own'), client.cookie]).toEqual([null, '']);
  });

  it('a second answer is refused while the first waits for its commit', async () => {
    const client = await clientOf(app);
    const seen: unknown[] = [];
    handle = (session, reply) => {
      session.n = 1;
      reply.raw.end('first');
      seen.push(reply.sent, reply.raw.headersSent, reply.raw.writableEnded);
      reply.send('second');
    };
    expect(await client.ask('/answer')).toMatchObject({ status: 200, text: 'first' });
    expect(seen).toEqual([true, true, true]);
    expect(await client.session()).toMatchObject({ n: 1 });
  });

  it('a hook may answer, and a hook may change the session before the answer', async () => {
    const client = await clientOf(app);
    expect(await client.ask('/hooked')).toMatchObject({ status: 202, text: '{"hooked":true}' });
    await client.ask('/set', 'POST', { 'x-late': 'one' });
    expect(await client.session()).toMatchObject({ hooked: 1, a: 1, late: 'one' });
  });

  it("a route of Fastify's own has the session", async () => {
    const client = await clientOf(app);
    const { id } = JSON.parse((await client.ask('/plain')).text) as { id: string };
    expect(await stored(id)).toMatchObject({ plain: 1 });
  });

  it('a client that leaves does not undo its change', async () => {
    const client = await clientOf(app);
    await client.ask('/set', 'POST');
    const left = new AbortController();
    let finished = () => {};
    const isFinished = new Promise<void>((resolve) => (finished = resolve));
    handle = async (session, reply) => {
      left.abort();
      await sleep(50);
      session.left = 1;
      await reply.send('nobody reads this');
      finished();
    };
    const url = await app.getUrl();
    await fetch(`${url}/answer`, { headers: { cookie: client.cookie }, signal: left.signal }).catch(() => undefined);
    await isFinished;
    expect(await client.session()).toMatchObject({ left: 1 });
  });

  it('inject works without a network', async () => {
    const set = await app.inject({ method: 'POST', url: '/set' });
    const [cookie] = [set.headers['set-cookie'] ?? []].flat();
    const { body } = await app.inject({ url: '/session', headers: { cookie: cookie!.split(';')[0]! } });
    expect(JSON.parse(body)).toMatchObject({ a: 1 });
  });
});

describe('an app on Fastify', () => {
  it.each([
    [true, 'https', 'Secure'],
    [true, 'http', 'HttpOnly'],
    [false, 'https', 'HttpOnly'],
  ])('trusts a proxy by `trustProxy`: %s, %s', async (trustProxy, protocol, attribute) => {
    const app = await start({ adapter: new FastifyAdapter({ trustProxy }), options: { cookie: { secure: 'auto' } } });
    const { headers } = await (await clientOf(app)).ask('/set', 'POST', { 'x-forwarded-proto': protocol });
    const attributes = headers.getSetCookie()[0]!.split('; ');
    expect(attributes).toContain(attribute);
    expect(attributes.includes('Secure')).toBe(attribute === 'Secure');
    await app.close();
  });

  it('leaves routes out by `exclude`', async () => {
    const app = await start({ options: { exclude: ['answer'] } });
    handle = (session, reply) => reply.send({ hasSession: session !== undefined });
    expect((await (await clientOf(app)).ask('/answer')).text).toBe('{"hasSession":false}');
    await app.close();
  });

  it.each([
    ['only for an error', 'x-own', 1n],
    ['always', 'x-missing', 1],
  ])('answers if a hook on the head throws: %s', async (_when, header, value) => {
    const app = await start({
      prepare: (nest) => {
        const fastify = nest.getHttpAdapter().getInstance();
        fastify.addHook('onRequest', async (_request, { raw }) => {
          const { writeHead } = raw;
          raw.writeHead = function (this: typeof raw, ...parameters: unknown[]) {
            (this.getHeader(header) as string).toLowerCase();
            return (writeHead as (...parameters: unknown[]) => typeof raw).apply(this, parameters);
          } as typeof writeHead;
        });
      },
    });
    handle = (session, reply) => ((session.n = value), reply.hijack(), reply.raw.setHeader('x-own', 'a').end('fine'));
    const response = await fetch(`${await app.getUrl()}/answer`, { signal: AbortSignal.timeout(2000) });
    expect([response.status, await response.text()]).toEqual([500, '{"statusCode":500,"message":"Internal server error"}']);
    expect([response.headers.getSetCookie(), response.headers.get('x-own')]).toEqual([[], null]);
    await app.close();
  });

  it.each([
    ['destroy', undefined],
    ['keep', 1],
  ] as const)('a handler may put null in place of the session, with unset: %s', async (unset, kept) => {
    const app = await start({ options: { unset } });
    const client = await clientOf(app);
    await client.ask('/set', 'POST');
    handle = (_session, reply, request) => {
      Object.assign(request, { session: null });
      return reply.send('gone');
    };
    expect((await client.ask('/answer')).text).toBe('gone');
    expect((await client.session()).a).toBe(kept);
    await app.close();
  });

  it('calls the next middleware once, also if the cookie cannot be written', async () => {
    const passed: unknown[] = [];
    const app = await start({
      options: { mount: false },
      prepare: (nest) => {
        const middleware = nest.get(SmartSessionMiddleware);
        nest.use((request: Request, response: Response, next: () => void) => {
          middleware.use(request, response, (error?: unknown) => {
            passed.push(error);
            // Fastify gives its `next` to another request later. A second call would reach that one.
            if (passed.length === 1) next();
          });
        });
      },
    });
    const client = await clientOf(app);
    handle = (session, reply) => {
      session.n = 1;
      Object.defineProperty(session.cookie, 'data', {
        get: () => {
          throw new Error('unwritable');
        },
      });
      return reply.send('fine');
    };
    expect(await client.ask('/answer')).toMatchObject({ status: 200, text: 'fine' });
    await sleep(20);
    expect(passed).toEqual([undefined]);
    await app.close();
  });

  it('refuses to start without middleware, if it has to mount itself', async () => {
    const skipping = () => ({ adapter: new FastifyAdapter({ skipMiddie: true }) });
    await expect(start(skipping())).rejects.toThrow(/`mount`: the server has no middleware, because of the adapter's option `skipMiddie`/);
    await (await start({ ...skipping(), options: { mount: false } })).close();
  });

  it('ignores that a handler deletes the session of its request', async () => {
    const app = await start({ options: { unset: 'destroy' } });
    const client = await clientOf(app);
    handle = (session, reply, request) => {
      session.n = 1;
      Reflect.deleteProperty(request, 'session');
      return reply.send('fine');
    };
    await client.ask('/answer');
    expect(await client.session()).toMatchObject({ n: 1 });
    await app.close();
  });

  it('refuses to start with a second module', async () => {
    const second = SmartSessionModule.forRoot({ ...OPTIONS, name: 'second' });
    const testing = await Test.createTestingModule({ imports: [SmartSessionModule.forRoot(OPTIONS), second] }).compile();
    const app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await expect(app.init()).rejects.toThrow(/`mount`: another plugin, .*or a second SmartSessionModule/s);
  });

  it('refuses to start beside another plugin that sets request.session', async () => {
    const starting = start({
      prepare: (nest) =>
        nest
          .getHttpAdapter()
          .getInstance()
          .decorateRequest('session', null as never),
    });
    await expect(starting).rejects.toThrow(/`mount`: another plugin, such as @fastify\/session, has already set `request\.session`/);
  });
});

describe('an app on Fastify with HTTP/2', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await start({ adapter: new FastifyAdapter({ http2: true }) });
  });
  afterAll(() => app.close());

  it('CommitBeforeAnswer', async () => {
    handle = (session, reply) => reply.send({ n: (session.n = 1) });
    const { cookie, ...answer } = await askByHttp2(app, '/answer');
    expect(answer).toEqual({ status: 200, text: '{"n":1}', code: 0 });
    expect(JSON.parse((await askByHttp2(app, '/session', cookie)).text)).toMatchObject({ n: 1 });
  });

  it('a commit that fails becomes an error without a cookie', async () => {
    handle = (session, reply) => ((session.list = [1n]), reply.send('fine'));
    expect(await askByHttp2(app, '/answer')).toMatchObject({
      status: 500,
      cookie: '',
      text: '{"statusCode":500,"message":"Internal server error"}',
    });
  });

  it('a commit that fails after the first byte closes the stream with an error', async () => {
    handle = async (session, reply) => {
      reply.hijack();
      await new Promise<unknown>((resolve) => reply.raw.write('first', resolve));
      session.list = [1n];
      reply.raw.end('second');
    };
    expect(await askByHttp2(app, '/answer')).toMatchObject({ status: 200, code: constants.NGHTTP2_INTERNAL_ERROR });
  });
});
