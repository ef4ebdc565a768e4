import {
  Catch,
  ForbiddenException,
  Injectable,
  Logger,
  SetMetadata,
  VersioningType,
  type ArgumentMetadata,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { NextFunction, Request, Response } from 'express';
import { map } from 'rxjs';
import {
  SessionBoardModule,
  SessionService,
  SmartSessionConfigError,
  SmartSessionModule,
  type SessionBoardOptions,
} from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { CONNECTIONS } from '../support/databases.js';
import { IS_EXPRESS } from '../support/platform.js';
import { raiseBarrier, startTestApp } from '../support/test-app.js';

const OWN_POLICY = /^default-src 'none'; style-src 'sha256-/;
const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };

let app: INestApplication | undefined;
const warn = vi.spyOn(Logger.prototype, 'warn');

beforeEach(() => void warn.mockReset());
afterEach(async () => {
  await app?.close();
  app = undefined;
});
afterAll(() => warn.mockRestore());

async function start(options: SessionBoardOptions, prepare?: (nest: INestApplication) => void): Promise<string> {
  app = await startTestApp('sqlite', {
    imports: [SessionBoardModule.forRoot(options)],
    options: { userId: 'user' },
    ...(prepare && { prepare }),
  });
  return app.getUrl();
}

/** Logs a user in, sees the board, and ends the session by its form. */
async function works(url: string, login = '/login'): Promise<void> {
  expect((await new Browser(app!).post(login)).status).toBe(201);
  const answer = await fetch(`${url}?user=anna`);
  const page = await answer.text();
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page).toMatch(/^<!doctype html>\n[^]*<\/html>\s*$/);
  expect(answer.headers.get('content-security-policy')).toMatch(OWN_POLICY);
  expect(answer.headers.get('x-frame-options')).toBe('DENY');
  const [, handle] = /name="handle" value="([^"]+)"/.exec(page)!;
  const ended = await post(url, SAME_ORIGIN, { user: 'anna', handle: handle! });
  expect([ended.status, ended.headers.get('location')]).toEqual([303, '?user=anna&ended=yes']);
  expect(await app!.get(SessionService).list({ userId: 'anna' })).toEqual([]);
}

const pageOf = async (nest: INestApplication) => (await fetch(`${await nest.getUrl()}/sessions`)).text();

const post = (url: string, headers: Record<string, string>, fields: Record<string, string> | string) =>
  fetch(url, { method: 'POST', headers, body: typeof fields === 'string' ? fields : new URLSearchParams(fields), redirect: 'manual' });

/** As helmet does, whose policy would refuse the page's style. */
function headersOfHelmet(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Content-Security-Policy', "default-src 'self';script-src 'self';style-src 'self'");
  response.setHeader('X-Frame-Options', 'SAMEORIGIN');
  next();
}

@Catch()
class TeapotFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    response.status(418).send('a teapot');
  }
}

@Injectable()
class ClosedGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** Nest takes the static method as that of a guard. */
class GuardWithStaticMethod extends ClosedGuard {
  static readonly canActivate = () => false;

  override canActivate(): boolean {
    return true;
  }
}

/** A class of the app that is no guard. */
class Admin {
  readonly isOpen = false;
}

/** Nest drops it, because its static property is no function. */
class GuardWithFlag extends ClosedGuard {
  static readonly canActivate = true;
}

/** As `AuthGuard` of passport is: the app must call it. */
function makeGuard(): new () => CanActivate {
  return class MadeGuard extends ClosedGuard {};
}

/** Lets a handler through only if its controller has the role, as guards of apps do. */
@Injectable()
class RolesGuard implements CanActivate {
  constructor(private readonly reflector = new Reflector()) {}
  canActivate(context: ExecutionContext): boolean {
    const isBoard = context.getClass().name.includes('Board');
    return !isBoard || this.reflector.get<string[] | undefined>('roles', context.getClass())?.includes('admin') === true;
  }
}

describe('the board in an app', () => {
  const wrapper = { intercept: (_context: unknown, next: { handle(): any }) => next.handle().pipe(map((data) => ({ data }))) };
  const refuse = (_value: unknown, { type }: ArgumentMetadata) => {
    if (type !== 'custom') throw new ForbiddenException(type);
  };

  it.each<[string, (nest: INestApplication) => void, string?, string?]>([
    ['with an interceptor that wraps each answer', (nest) => nest.useGlobalInterceptors(wrapper as never)],
    ['with a pipe that changes and refuses values', (nest) => nest.useGlobalPipes({ transform: refuse })],
    ['with a filter', (nest) => nest.useGlobalFilters(new TeapotFilter())],
    ["with helmet's headers", (nest) => nest.use(headersOfHelmet)],
    ['with a global prefix', (nest) => nest.setGlobalPrefix('api'), '/api/sessions', '/api/login'],
    [
      'with versions in the path',
      (nest) => nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' }),
      '/sessions',
      '/v2/login',
    ],
  ])('works %s', async (_name, prepare, path = '/sessions', login = '/login') => {
    const url = await start({}, prepare);
    await works(`${url}${path}`, login);
  });

  it('needs no header of a version, which a browser cannot send', async () => {
    const url = await start({}, (nest) => nest.enableVersioning({ type: VersioningType.HEADER, header: 'Version', defaultVersion: '2' }));
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/sessions`)).status).toBe(200);
  });

  it.each<[string, string]>([
    ['', '/'],
    ['/', '/'],
    ['/board/', '/board'],
    ['admin/sessions', '/admin/sessions'],
  ])('works at the path %j', async (path, address) => {
    const url = await start({ path });
    await works(`${url}${address}`);
  });

  it.each<[string, object, RegExp]>([
    ['path', { path: '*any' }, /"\*any" was given/],
    ['path', { path: ':any' }, /":any" was given.*without patterns and parameters/],
    ['path', { path: 'tenants/:tenant/board' }, /was given/],
    ['path', { path: ['a', 'b'] }, /a value of type object was given/],
    ['path', { path: 7 }, /a value of type number/],
    ['guard', { guard: null }, /a value of type null was given/],
    ['guard', { guard: false }, /a value of type boolean/],
    ['guard', { guard: {} }, /a value of type object/],
    ['guard', { guard: Admin }, /a value of type function.*`canActivate`/],
    ['guard', { guard: () => RolesGuard }, /a value of type function/],
    ['guard', { guard: makeGuard }, /a value of type function/],
    ['guard', { guard: (() => class extends ClosedGuard {})() }, /a class without a name/],
    ['guard', { guard: GuardWithFlag }, /a value of type function/],
    ['guard', { guard: { canActivate: true } }, /a value of type object/],
    ['decorators', { decorators: ['admin'] }, /a value of type object/],
    ['gaurd', { gaurd: RolesGuard }, /there is no such option.*path, guard, decorators, imports/],
  ])('does not start with a wrong %s: %j', (option, options, message) => {
    const failure = failureOf(() => SessionBoardModule.forRoot(options));
    expect(failure).toBeInstanceOf(SmartSessionConfigError);
    expect(failure).toMatchObject({ option, message: expect.stringMatching(message) });
  });

  it.each<[string, NonNullable<SessionBoardOptions['guard']>]>([
    ['an object', { canActivate: () => false }],
    ['an instance', new ClosedGuard()],
    ['a class', ClosedGuard],
    ['a class that inherits it', class Inheriting extends ClosedGuard {}],
    ['a class with a static method', GuardWithStaticMethod],
    ['a class that a function makes', makeGuard()],
  ])('is closed by a guard that is %s', async (_name, guard) => {
    const url = await start({ guard });
    expect((await fetch(`${url}/sessions`)).status).toBe(403);
  });

  it.each([undefined, null, false, ''])('does not start in production with the guard %j', (guard) => {
    inProduction(() => {
      expect(failureOf(() => SessionBoardModule.forRoot({ path: 'board', guard } as never))).toMatchObject({ option: 'guard' });
      expect(SessionBoardModule.forRoot({ guard: RolesGuard }).controllers).toHaveLength(1);
    });
  });

  it.each<[string, SessionBoardOptions, number]>([
    ['without a guard', {}, 1],
    ['with a guard', { guard: { canActivate: () => true } }, 0],
  ])('is warned of at the start %s: %j', async (_name, options, lines) => {
    await start(options);
    const said = warn.mock.calls.map(([line]) => String(line)).filter((line) => line.startsWith('The board has no guard: '));
    expect(said).toHaveLength(lines);
  });

  it('is refused by a guard of the app, and passes it by a decorator', async () => {
    const guarded = (nest: INestApplication) => nest.useGlobalGuards(new RolesGuard());
    const refused = await start({}, guarded);
    expect((await fetch(`${refused}/sessions`)).status).toBe(403);
    await app!.close();
    const url = await start({ decorators: [SetMetadata('roles', ['admin'])] }, guarded);
    await works(`${url}/sessions`);
  });

  it('shows neither overwritten keys nor routes if the detector is off', async () => {
    const imports = [SessionBoardModule.forRoot()];
    app = await startTestApp('sqlite', { imports, options: { detectOverwrites: false } });
    const browser = new Browser(app);
    await browser.post('/set', { key: 0 });
    const release = raiseBarrier('board');
    const slow = browser.post('/slow-set', { wait: 'board', key: 1 });
    await vi.waitFor(async () => expect(await pageOf(app!)).toMatch(/<dt>Loads<\/dt>\s*<dd>1</));
    await browser.post('/set', { key: 2 });
    release();
    await slow;
    const page = await pageOf(app);
    expect(page).toContain('<p>The detector is off. Turn it on by <code>detectOverwrites: true</code>.</p>');
    expect(page).toContain('The detector is off, so their routes are unknown.');
    expect(page).toMatch(/<code>key<\/code>\s*<\/td>\s*<td class="n">1<\/td>\s*<\/tr>/);
  });

  // On Fastify, a second module does not start.
  (IS_EXPRESS ? it : it.skip).each([
    ['of the first module', true, true, 'first'],
    ['of the module that is mounted', false, true, 'second'],
  ])('shows the sessions %s if there are two', async (_name, isFirst, isSecond, shown) => {
    const { driver: _, ...connection } = CONNECTIONS.sqlite;
    const options = { dialect: 'sqlite', connection, secret: 'test', createTable: true } as const;
    const module = (mount: boolean, userId: string) =>
      SmartSessionModule.forRootAsync({ useFactory: () => ({ ...options, mount, userId }) });
    const imports = [module(isFirst, 'first'), SessionBoardModule.forRoot()];
    app = await startTestApp('sqlite', { imports, module: module(isSecond, 'second') });
    expect((await new Browser(app).post('/set', { [shown]: 'anna' })).status).toBe(201);
    const page = await (await fetch(`${await app.getUrl()}/sessions?user=anna`)).text();
    expect(page).toMatch(/<dt>Commits<\/dt>\s*<dd>1<\/dd>/);
    expect(page).toContain('End the session');
  });

  it.each<[string, Record<string, string>, Record<string, string> | string]>([
    ['no handle', SAME_ORIGIN, { user: 'anna' }],
    ['no user', SAME_ORIGIN, { handle: 'x' }],
    ['an empty user', SAME_ORIGIN, { user: '', handle: 'x' }],
    ['a list of users', SAME_ORIGIN, 'user[]=anna&handle=x'],
    ['objects', { ...SAME_ORIGIN, 'content-type': 'application/json' }, '{"user":{"toString":1},"handle":{"length":1}}'],
    ['no object', { ...SAME_ORIGIN, 'content-type': 'application/json' }, '[]'],
    ['a body that the app does not parse', { ...SAME_ORIGIN, 'content-type': 'text/plain' }, 'user=anna&handle=x'],
  ])('refuses a form with %s', async (_name, headers, fields) => {
    const url = await start({});
    expect((await post(`${url}/sessions`, headers, fields)).status).toBeLessThan(416);
    expect((await post(`${url}/sessions`, headers, fields)).status).toBeGreaterThanOrEqual(400);
  });

  it('finds no session of an id or a handle that cannot be one', async () => {
    const url = await start({});
    for (const fields of [
      { user: 'x'.repeat(300), handle: 'y' },
      { user: 'anna', handle: 'y'.repeat(10_000) },
      { user: '\0', handle: '\0' },
    ]) {
      const answer = await post(`${url}/sessions`, SAME_ORIGIN, fields);
      expect([answer.status, answer.headers.get('location')]).toEqual([303, expect.stringMatching(/&ended=no$/)]);
    }
  });
});

function failureOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

function inProduction(work: () => void): void {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    work();
  } finally {
    process.env.NODE_ENV = before;
  }
}
