import {
  Controller,
  Get,
  Module,
  Post,
  Req,
  RequestMethod,
  type INestApplication,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import type { Request, RequestHandler } from 'express';
import expressSession from 'express-session';
import { DatabaseContext, LockSession, SessionService, SmartSessionOptions, type ExcludedRoute } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { startTestApp } from '../support/test-app.js';

@Controller()
class HealthController {
  @Get('health') @LockSession() health(@Req() { session }: Request): object {
    return { hasSession: session !== undefined };
  }
  @Post('health') write(@Req() { session }: Request): object {
    Object.assign(session ?? {}, { written: 1 });
    return { hasSession: session !== undefined };
  }
  @Get('assets/:name/:version') asset(@Req() { session }: Request): object {
    return { hasSession: session !== undefined };
  }
}

@Module({ controllers: [HealthController] })
class HealthModule {}

/** As Passport's, and others: fails where a request has no session. */
const needsSession: RequestHandler = ({ session }, _response, next) =>
  next(session ? undefined : new Error('Login sessions require session support.'));

@Module({})
class NeedingModule implements NestModule {
  constructor(private readonly options: SmartSessionOptions) {}
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(needsSession)
      .exclude(...this.options.exclude)
      .forRoutes('{*path}');
  }
}

describe.each(DATABASES)('the option exclude, on %s', (database) => {
  const tableName = `exclude_${database}`;
  let app: INestApplication;
  let browser: Browser;

  const start = async (exclude: ExcludedRoute[], prefix = '', other?: RequestHandler) => {
    app = await startTestApp(database, {
      imports: [HealthModule, NeedingModule],
      options: { tableName, exclude, rolling: true, pruneInterval: false },
      prepare: (nest) => {
        if (prefix) nest.setGlobalPrefix(prefix);
        if (other) nest.use('/health', other);
      },
    });
    browser = new Browser(app);
    await browser.post(`${prefix}/set`, { a: 1 });
  };
  afterEach(async () => {
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    await dropTables(dialect.name, runner.run, tableName);
    await app.close();
  });

  it('leaves a route without a session and a cookie, also under @LockSession()', async () => {
    await start(['health']);
    for (const response of [await browser.get('/health'), await browser.post('/health?a=1')]) {
      expect(response.body).toEqual({ hasSession: false });
      expect(response.headers).not.toHaveProperty('set-cookie');
    }
    expect((await browser.get('/assets/a/1')).body).toEqual({ hasSession: true });
    expect(await browser.session()).toEqual({ a: 1 });
  });

  it('takes one method of a path, and patterns', async () => {
    await start([{ path: 'health', method: RequestMethod.GET }, 'assets/*path']);
    expect((await browser.get('/health')).body).toEqual({ hasSession: false });
    expect((await browser.get('/assets/a/1')).body).toEqual({ hasSession: false });
    expect((await browser.post('/health')).body).toEqual({ hasSession: true });
    expect(await browser.session()).toEqual({ a: 1, written: 1 });
  });

  it('takes paths without the global prefix', async () => {
    await start(['health'], '/api');
    expect((await browser.get('/api/health')).body).toEqual({ hasSession: false });
    expect((await browser.get('/api/assets/a/1')).body).toEqual({ hasSession: true });
  });

  it('leaves alone what session a route has of another store', async () => {
    await start(['health'], '', expressSession({ secret: 'of another store', resave: false, saveUninitialized: false, name: 'other' }));
    const visitor = new Browser(app);
    expect((await visitor.post('/health')).body).toEqual({ hasSession: true });
    expect(await app.get(SessionService, { strict: false }).count()).toBe(1);
  });
});
