import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import compress from '@fastify/compress';
import cookie from '@fastify/cookie';
import passport from '@fastify/passport';
import websocket from '@fastify/websocket';
import {
  Body,
  Controller,
  Get,
  Injectable,
  Logger,
  Module,
  Post,
  Req,
  Res,
  Session,
  UnauthorizedException,
  UseGuards,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { Request } from 'express';
import type { FastifyReply, FastifyRequest } from 'fastify';
import nestPassport from 'passport';
import { Strategy } from 'passport-local';
import {
  LockSession,
  SessionService,
  SmartSessionMiddleware,
  SmartSessionModule,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { LateChanges } from '../../src/middleware/late-changes.js';
import { Browser } from '../support/browser.js';
import '../../src/fastify.js';

type Live = FastifyRequest['session'] & Record<string, any>;

declare module 'fastify' {
  interface PassportUser {
    name: string;
  }
}

const LONG = 'long '.repeat(1000);

@Controller()
class SessionController {
  @Get('session') read(@Session() session: Live): unknown {
    return session;
  }
  @Post('set') set(@Session() session: Live, @Body() values: object): void {
    Object.assign(session, values);
  }
}

interface Settings {
  readonly controllers?: readonly Type[];
  readonly imports?: readonly Type[];
  readonly options?: SmartSessionModuleOptions;
  /** Registers plugins, before the app is initialized. */
  readonly prepare?: (app: NestFastifyApplication) => unknown;
  /** The same, afterwards. */
  readonly complete?: (app: NestFastifyApplication) => unknown;
}

async function start({ controllers = [], imports = [], options, prepare, complete }: Settings): Promise<NestFastifyApplication> {
  const sessions = SmartSessionModule.forRoot('sqlite', {
    connection: { dbName: ':memory:' },
    createTable: true,
    secret: 'test',
    pruneInterval: false,
    userId: 'passport',
    ...options,
  });
  @Module({ imports: [sessions, ...imports], controllers: [SessionController, ...controllers] })
  class AppModule {}
  const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await prepare?.(app);
  await app.init();
  await complete?.(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

beforeAll(() => Logger.overrideLogger(false));

describe('@fastify/cookie', () => {
  @Controller()
  class CookieController {
    @Post('both') both(@Session() session: Live, @Res({ passthrough: true }) reply: FastifyReply, @Req() request: FastifyRequest): object {
      session.n = (session.n ?? 0) + 1;
      reply.setCookie('theme', 'dark', { signed: true }).setCookie('lang', 'en');
      const { theme = '' } = request.cookies;
      return { names: Object.keys(request.cookies).toSorted(), theme: request.unsignCookie(theme) };
    }
  }

  it('sets its cookies beside that of the session, and reads them', async () => {
    const app = await start({ controllers: [CookieController], prepare: (nest) => nest.register(cookie, { secret: 'of the app' }) });
    const url = `${await app.getUrl()}/both`;
    const first = await fetch(url, { method: 'POST' });
    const cookies = first.headers.getSetCookie().map((line) => line.split(';')[0]!);
    expect(cookies.map((line) => line.split('=')[0]).toSorted()).toEqual(['lang', 'sid', 'theme']);
    const second = await fetch(url, { method: 'POST', headers: { cookie: cookies.join('; ') } });
    expect(await second.json()).toEqual({
      names: ['lang', 'sid', 'theme'],
      theme: { valid: true, renew: false, value: 'dark' },
    });
    const browser = Object.assign(new Browser(app), { cookie: cookies.join('; ') });
    expect(await browser.session()).toEqual({ n: 2 });
    await app.close();
  });
});

describe('@fastify/compress', () => {
  @Controller()
  class LongController {
    @Get('json') json(@Session() session: Live): object {
      session.json = 1;
      return { LONG };
    }
    @Get('stream') stream(@Session() session: Live, @Res() reply: FastifyReply): void {
      session.stream = 1;
      void reply.type('text/plain').send(Readable.from([LONG, LONG]));
    }
    @Get('compressed') compressed(@Session() session: Live, @Res() reply: FastifyReply): void {
      session.compressed = 1;
      reply.type('text/plain').compress(LONG);
    }
    @Get('unstorable') unstorable(@Session() session: Live, @Res() reply: FastifyReply): void {
      session.list = [1n];
      void reply.type('text/plain').send(Readable.from([LONG, LONG]));
    }
    @Get('unstorable-locked') @LockSession() unstorableLocked(@Session() session: Live, @Res() reply: FastifyReply): void {
      this.unstorable(session, reply);
    }
  }

  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await start({ controllers: [LongController], prepare: (nest) => nest.register(compress, { encodings: ['gzip'] }) });
  });
  afterAll(() => app.close());

  const ask = async (path: string, held = '') => {
    const response = await fetch((await app.getUrl()) + path, { headers: { 'accept-encoding': 'gzip', cookie: held } });
    return { response, text: await response.text(), encoding: response.headers.get('content-encoding') };
  };

  it.each([
    ['/json', JSON.stringify({ LONG })],
    ['/stream', LONG + LONG],
    ['/compressed', LONG],
  ])('compresses %s, which waits for the commit', async (path, whole) => {
    const { response, text, encoding } = await ask(path);
    expect([response.status, encoding, text === whole]).toEqual([200, 'gzip', true]);
    const browser = Object.assign(new Browser(app), { cookie: response.headers.getSetCookie()[0]!.split(';')[0]! });
    expect(await browser.session()).toEqual({ [path.slice(1)]: 1 });
  });

  it.each(['/unstorable', '/unstorable-locked'])('is left out of an error that replaces a response: %s', async (path) => {
    const browser = new Browser(app);
    await browser.post('/set', { n: 1 });
    const lines: string[] = [];
    Logger.overrideLogger({ log() {}, warn() {}, error: (line: string) => lines.push(line) });
    const { response, text, encoding } = await ask(path, browser.cookie);
    Logger.overrideLogger(false);
    expect(lines).toEqual([expect.stringMatching(`^GET ${path}: The session cannot store a bigint at \`list\\[0\\]\``)]);
    expect([response.status, encoding, text]).toEqual([500, null, '{"statusCode":500,"message":"Internal server error"}']);
  });
});

/** Lets @fastify/passport keep its user in this module's sessions. Its own manager expects those of @fastify/secure-session. */
class PassportSessions {
  constructor(
    private readonly authenticator: typeof passport,
    private readonly sessions: SessionService,
  ) {}

  async logIn(request: FastifyRequest, user: unknown, { keepSessionInfo = false } = {}): Promise<void> {
    const id: unknown = await this.authenticator.serializeUser(user, request);
    await this.sessions.regenerate(request, { keep: keepSessionInfo ? 'all' : [] });
    Object.assign(request.session, { passport: id });
  }

  logOut(request: FastifyRequest): Promise<void> {
    return this.sessions.regenerate(request);
  }

  getUserFromSession({ session }: FastifyRequest): unknown {
    return (session as { passport?: unknown }).passport;
  }
}

describe('@fastify/passport', () => {
  const authenticator = new passport.Authenticator() as typeof passport;
  authenticator.registerUserSerializer(async ({ name }: { name: string }) => name);
  authenticator.registerUserDeserializer(async (name: string) => (name === 'unknown' ? false : { name }));

  @Controller()
  class LoginController {
    @Post('login') async login(@Req() request: FastifyRequest, @Body() { name, ...options }: { name: string }): Promise<object> {
      await request.logIn({ name }, options);
      return { isLoggedIn: request.isAuthenticated() };
    }
    @Post('logout') async logout(@Req() request: FastifyRequest): Promise<object> {
      await request.logOut();
      return { isLoggedIn: request.isAuthenticated() };
    }
    @Get('me') me(@Req() { user }: FastifyRequest): object {
      return { name: user?.name };
    }
  }

  let app: NestFastifyApplication;
  let browser: Browser;
  beforeAll(async () => {
    app = await start({
      controllers: [LoginController],
      complete: async (nest) => {
        Object.assign(authenticator, { sessionManager: new PassportSessions(authenticator, nest.get(SessionService)) });
        await nest.register(authenticator.initialize() as never);
        await nest.register(authenticator.secureSession() as never);
      },
    });
  });
  beforeEach(async () => {
    browser = new Browser(app);
    await browser.post('/set', { basket: 1 });
  });
  afterAll(() => app.close());

  it('logs in under a new id, finds the user in later requests, and logs out', async () => {
    const { cookie: before } = browser;
    expect((await browser.get('/me')).body).toEqual({});
    expect((await browser.post('/login', { name: 'anna' })).body).toEqual({ isLoggedIn: true });
    expect(browser.cookie).not.toBe(before);
    expect((await browser.get('/me')).body).toEqual({ name: 'anna' });
    expect(await browser.session()).toEqual({ passport: 'anna' });
    expect(await app.get(SessionService).list({ userId: 'anna' })).toHaveLength(1);
    expect((await browser.post('/logout')).body).toEqual({ isLoggedIn: false });
    expect((await browser.get('/me')).body).toEqual({});
    expect(await app.get(SessionService).list({ userId: 'anna' })).toHaveLength(0);
  });

  it('keeps what the session holds, with keepSessionInfo', async () => {
    await browser.post('/login', { name: 'anna', keepSessionInfo: true });
    expect(await browser.session()).toEqual({ basket: 1, passport: 'anna' });
  });

  it('logs out a user who is no longer known', async () => {
    await browser.post('/set', { passport: 'unknown' });
    expect((await browser.get('/me')).body).toEqual({});
    expect(await browser.session()).toEqual({});
  });
});

describe('@fastify/websocket', () => {
  it('gives its handlers the session of the handshake, and works by session id', async () => {
    const warnings: string[] = [];
    const app = await start({
      prepare: async (nest) => {
        await nest.register(websocket as never);
        nest
          .getHttpAdapter()
          .getInstance()
          .register(async (fastify) => {
            fastify.get('/messages', { websocket: true }, (socket, request) => {
              socket.send(JSON.stringify(request.session));
              socket.on('message', async () => {
                (request.session as Live).lost = 1;
                const n = await nest.get(SessionService).update(request.sessionID, (draft: Record<string, any>) => ++draft.n);
                socket.send(String(n));
              });
            });
          });
      },
    });
    const browser = new Browser(app);
    await browser.post('/set', { n: 1 });
    const socket = new WebSocket(`${(await app.getUrl()).replace('http', 'ws')}/messages`, {
      headers: { cookie: browser.cookie },
    } as never);
    const heard = async () => JSON.parse(((await once(socket, 'message')) as [MessageEvent<string>])[0].data) as unknown;
    expect(await heard()).toMatchObject({ n: 1 });
    Logger.overrideLogger({ log() {}, error() {}, warn: (line: string) => warnings.push(line) });
    socket.send('count');
    expect(await heard()).toBe(2);
    expect(await browser.session()).toEqual({ n: 2 });
    socket.close();
    await once(socket, 'close');
    const late = app.get(LateChanges, { strict: false });
    while (warnings.length === 0) {
      late.look();
      await nextTurn();
    }
    Logger.overrideLogger(false);
    expect(warnings).toEqual([expect.stringContaining('A handler of GET /messages changed "lost" in the session after the response.')]);
    await app.close();
  });
});

describe('@nestjs/passport on Fastify', () => {
  interface User {
    readonly name: string;
  }

  @Injectable()
  class LocalStrategy extends PassportStrategy(Strategy) {
    validate(name: string, password: string): User | false {
      return password === 'right' ? { name } : false;
    }
  }

  @Injectable()
  class Serializer extends PassportSerializer {
    serializeUser({ name }: User, done: (error: unknown, id: string) => void): void {
      done(null, name);
    }
    deserializeUser(name: string, done: (error: unknown, user: User) => void): void {
      done(null, { name });
    }
  }

  class LoginGuard extends AuthGuard('local') {
    override async canActivate(context: ExecutionContext): Promise<boolean> {
      await super.canActivate(context);
      await super.logIn(context.switchToHttp().getRequest());
      return true;
    }
  }

  @Controller()
  class LoginController {
    @Post('login') @UseGuards(LoginGuard) login(@Req() { user }: FastifyRequest): object {
      return { name: user?.name };
    }
    /** Passport's middleware sets the user of Node's request. */
    @Get('me') me(@Req() { raw }: FastifyRequest): object {
      const { user } = raw as unknown as { user?: User };
      if (!user) throw new UnauthorizedException();
      return { name: user.name };
    }
    @Post('logout') async logout(@Req() { raw }: FastifyRequest): Promise<void> {
      await new Promise((resolve) => (raw as unknown as Request).logout(resolve));
    }
  }

  @Module({ imports: [PassportModule], providers: [LocalStrategy, Serializer] })
  class AuthModule {}

  it('logs in under a new id, finds the user in later requests, and logs out', async () => {
    const app = await start({
      controllers: [LoginController],
      imports: [AuthModule],
      options: { mount: false, userId: undefined },
      prepare: (nest) => {
        const sessions = nest.get(SmartSessionMiddleware);
        nest.use(sessions.use.bind(sessions));
        nest.use(nestPassport.session());
      },
    });
    const browser = new Browser(app);
    await browser.post('/set', { basket: 1 });
    const { cookie: before } = browser;
    expect((await browser.post('/login', { username: 'anna', password: 'wrong' })).status).toBe(401);
    expect((await browser.post('/login', { username: 'anna', password: 'right' })).body).toEqual({ name: 'anna' });
    expect(browser.cookie).not.toBe(before);
    expect((await browser.get('/me')).body).toEqual({ name: 'anna' });
    expect(await browser.session()).toEqual({ passport: { user: 'anna' } });
    await browser.post('/logout');
    expect((await browser.get('/me')).status).toBe(401);
    await app.close();
  });
});
