import { Body, Controller, Get, Logger, Module, Post, Session } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import expressSession from 'express-session';
import {
  LockSession,
  NoTouch,
  ReadOnlySession,
  SessionService,
  SmartSessionMiddleware,
  SmartSessionModule,
  SmartSessionStore,
  type SmartSessionModuleOptions,
} from '../../../src/index.js';
import { Browser } from '../../support/browser.js';

@Controller()
class ValuesController {
  @Post('set') set(@Session() session: object, @Body() values: object): void {
    Object.assign(session, values);
  }
  @Get('session') read(@Session() session: object): object {
    return session;
  }
  @Get('under-terms') @LockSession({ timeout: 100 }) @NoTouch() @ReadOnlySession() terms(@Session() session: object): object {
    return session;
  }
}

@Module({ controllers: [ValuesController] })
class ValuesModule {}

const sessionsOf = (options: SmartSessionModuleOptions = {}) =>
  SmartSessionModule.forRoot({
    dialect: 'sqlite',
    connection: { dbName: ':memory:' },
    createTable: true,
    secret: 'test',
    pruneInterval: false,
    ...options,
  });

const leftover = () => expressSession({ secret: 'of another store', resave: false, saveUninitialized: false });
const another =
  /^Another middleware has already set `req\.session`, .*Remove that middleware, such as `app\.use\(session\(…\)\)` in main\.ts, or add its routes to `exclude`\.$/;
const second = /^Another SmartSessionModule has already set `req\.session`, .*Import `SmartSessionModule\.forRoot` once/;

interface OtherCase {
  readonly modules?: readonly ReturnType<typeof sessionsOf>[];
  readonly prepare?: (app: NestExpressApplication) => void;
}

describe('a request that has a session already', () => {
  /** Starts the app, and works with it; returns the warnings. */
  async function warningsOf(
    { modules = [sessionsOf()], prepare }: OtherCase,
    work?: (browser: Browser, app: NestExpressApplication) => Promise<unknown>,
  ): Promise<string[]> {
    const testing = await Test.createTestingModule({ imports: [...modules, ValuesModule] }).compile();
    const app = testing.createNestApplication<NestExpressApplication>({ logger: false });
    prepare?.(app);
    await app.init();
    const warnings: string[] = [];
    Logger.overrideLogger({ log() {}, error() {}, debug() {}, warn: (line: string) => warnings.push(line) });
    try {
      const browser = new Browser(app);
      for (let n = 0; n < 2; n++) expect((await browser.post('/set', { a: 1 })).status).toBe(201);
      expect(await browser.session()).toEqual({ a: 1 });
      await work?.(browser, app);
    } finally {
      Logger.overrideLogger(false);
      await app.close();
    }
    return warnings;
  }

  const cookieSession: RequestHandler = (request: Request, _response: Response, next: NextFunction) => {
    Object.assign(request, { session: { a: 1 } });
    next();
  };

  it.each<[string, OtherCase, RegExp[]]>([
    ['a leftover of express-session', { prepare: (app) => app.use(leftover()) }, [another]],
    ['a session that is no express-session', { prepare: (app) => app.use(cookieSession) }, [another]],
    ['a second module', { modules: [sessionsOf(), sessionsOf({ name: 'other' })] }, [second]],
    [
      'its own, mounted in main.ts too',
      {
        prepare: (app) => app.use((...parameters: [Request, Response, NextFunction]) => app.get(SmartSessionMiddleware).use(...parameters)),
      },
      [],
    ],
    [
      'its own store under an express-session of the app',
      {
        prepare: (app) =>
          app.use(expressSession({ secret: 'x', store: app.get(SmartSessionStore), resave: false, saveUninitialized: false })),
      },
      [],
    ],
    [
      'none before, and express-session after',
      {
        modules: [sessionsOf({ mount: false })],
        prepare: (app) =>
          app.use((...parameters: [Request, Response, NextFunction]) => app.get(SmartSessionMiddleware).use(...parameters)).use(leftover()),
      },
      [],
    ],
    [
      'another store, on routes that are excluded',
      { modules: [sessionsOf({ exclude: ['set', 'session'] })], prepare: (app) => app.use(leftover()) },
      [],
    ],
    ['a second module that is not mounted', { modules: [sessionsOf(), sessionsOf({ mount: false })] }, []],
  ])('of %s: a warning, once, where this module does nothing then', async (_what, app, warnings) => {
    expect(await warningsOf(app)).toEqual(warnings.map((warning) => expect.stringMatching(warning)));
  });

  it.each<[string, OtherCase]>([
    ['a leftover of express-session', { prepare: (app) => app.use(leftover()) }],
    ['a second module', { modules: [sessionsOf(), sessionsOf({ name: 'other' })] }],
  ])('of %s is left alone by decorators too', async (_what, app) => {
    await warningsOf(app, async (browser) => {
      expect((await browser.get('/under-terms')).body).toMatchObject({ a: 1 });
      await browser.post('/set', { b: 2 });
      expect(await browser.session()).toEqual({ a: 1, b: 2 });
    });
  });

  it('stores nothing in the table of a module that does nothing', async () => {
    await warningsOf({ prepare: (app) => app.use(leftover()) }, async (_browser, app) =>
      expect(await app.get(SessionService).count()).toBe(0),
    );
  });
});
