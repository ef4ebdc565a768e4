import {
  ConflictException,
  Controller,
  Get,
  Module,
  Post,
  Req,
  Res,
  Session,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import type { SessionData } from 'express-session';
import { DatabaseContext, LockSession, NoTouch, ReadOnlySession, SessionReadOnlyError, SessionService } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { dropTablesOf } from '../support/drop-tables.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { startTestApp } from '../support/test-app.js';

type Live = SessionData & Record<string, any>;

const HOUR = 60 * 60 * 1000;

class WritingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest().session.byGuard = 1;
    return true;
  }
}

@Controller('read-only')
@ReadOnlySession()
class ReadOnlyController {
  constructor(private readonly sessions: SessionService) {}

  @Get() read(@Session() session: Live): Live {
    return session;
  }
  @Get('untouching') @NoTouch() untouching(): void {}
  @Post('there-and-back') thereAndBack(@Session() session: Live): void {
    session.start = 2;
    session.start = 1;
    session.cookie.maxAge = null as never;
  }
  @Post('update-nothing') updateNothing(@Session() session: Live): Promise<unknown> {
    return this.sessions.update(session, (draft: Record<string, unknown>) => draft.start);
  }
  @Post('destroy') destroy(@Req() { session }: Request): Promise<unknown> {
    return new Promise((resolve) => session.destroy(resolve));
  }
  @Post('regenerate') regenerate(@Req() request: Request): Promise<void> {
    return this.sessions.regenerate(request);
  }
  @Post('writing') @ReadOnlySession(false) writing(@Session() session: Live): void {
    session.written = 1;
  }

  @Post('set') set(@Session() session: Live): void {
    session.a = 1;
    delete session.start;
  }
  @Post('deep') deep(@Session() session: Live): void {
    session.cart.items.push('b');
  }
  @Post('max-age') maxAge(@Session() session: Live): void {
    session.cookie.maxAge = HOUR;
  }
  @Post('update') update(@Session() session: Live): Promise<unknown> {
    return this.sessions.update(session, (draft: Record<string, unknown>) => (draft.a = 1));
  }
  @Post('set-and-update') setAndUpdate(@Session() session: Live): Promise<unknown> {
    session.a = 1;
    return this.sessions.update(session, () => 'nothing');
  }
  @Post('locked') @LockSession() locked(@Session() session: Live): void {
    session.a = 1;
  }
  @Post('guarded') @UseGuards(WritingGuard) guarded(): void {}
  @Post('throw') throw(@Session() session: Live): void {
    session.a = 1;
    throw new ConflictException();
  }
  @Post('res') res(@Session() session: Live, @Res() response: Response): void {
    session.a = 1;
    response.send({ fine: true });
  }
  @Post('save') async save(@Session() session: Live, @Res() response: Response): Promise<void> {
    session.a = 1;
    await new Promise((resolve) => session.save(resolve));
    response.send({ fine: true });
  }
  @Post('regenerate-and-write') async regenerateAndWrite(@Req() request: Request): Promise<void> {
    await this.sessions.regenerate(request);
    Object.assign(request.session, { a: 1 });
  }
}

@Module({ controllers: [ReadOnlyController] })
class ReadOnlyModule {}

/** What reached the app's filter last. */
let thrown: unknown;

class RememberingFilter extends BaseExceptionFilter {
  override catch(...parameters: Parameters<BaseExceptionFilter['catch']>): void {
    [thrown] = parameters;
    super.catch(...parameters);
  }
}

describe.each(REPOSITORY_CASES)('@ReadOnlySession() on $database, $locking, $name', ({ database, locking, repository, n }) => {
  const tableName = `read_only_${database}_${n}`;
  let app: INestApplication;
  let browser: Browser;

  beforeAll(async () => {
    app = await startTestApp(database, {
      imports: [ReadOnlyModule],
      options: { tableName, locking, repository, ttl: 24 * HOUR, pruneInterval: false },
      prepare: (nest) => nest.useGlobalFilters(new RememberingFilter(nest.getHttpAdapter())),
    });
  });
  beforeEach(async () => {
    browser = new Browser(app);
    await browser.post('/set', { start: 1, cart: { items: ['a'] } });
    thrown = undefined;
  });
  afterEach(() => run('delete from {table}'));
  afterAll(async () => {
    await dropTablesOf(app);
    await app.close();
  });

  async function run(sql: string): Promise<readonly Record<string, unknown>[]> {
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    return (await runner.run(sql.replace('{table}', dialect.quote(tableName)))).rows;
  }
  const rows = () => run('select * from {table}');

  it.each<[string, string[]]>([
    ['set', ['a', 'start']],
    ['deep', ['cart']],
    ['max-age', ['cookie.maxAge']],
    ['update', ['a']],
    ['set-and-update', ['a']],
    ['locked', ['a']],
    ['guarded', ['byGuard']],
    ['throw', ['a']],
  ])('refuses what a request changes, and names it: %s, %j', async (path, keys) => {
    const before = await rows();
    const response = await browser.post(`/read-only/${path}`);
    expect([response.status, response.body]).toEqual([500, { statusCode: 500, message: 'Internal server error' }]);
    expect(thrown).toBeInstanceOf(SessionReadOnlyError);
    expect(thrown).toMatchObject({
      keys,
      message: expect.stringMatching(new RegExp(`changed \`${keys.join('`, `')}\`.*@ReadOnlySession`)),
    });
    expect(await rows()).toEqual(before);
  });

  it.each(['res', 'save'])('answers with the error when the response is ended by hand: %s', async (path) => {
    const before = await rows();
    const response = await browser.post(`/read-only/${path}`);
    expect([response.status, response.body]).toEqual([500, { statusCode: 500, message: 'Internal server error' }]);
    expect(await rows()).toEqual(before);
  });

  it.each(['guarded', 'res', 'regenerate-and-write'])('refuses a value on a new session, and sends no cookie: %s', async (path) => {
    await run('delete from {table}');
    const response = await new Browser(app).post(`/read-only/${path}`);
    expect(response.status).toBe(500);
    expect(response.headers).not.toHaveProperty('set-cookie');
    expect(await rows()).toEqual([]);
  });

  it.each(['there-and-back', 'update-nothing', 'writing'])(
    'leaves alone what changes nothing, and a handler that may write: %s',
    async (path) => {
      expect((await browser.post(`/read-only/${path}`)).status).toBe(201);
      expect((await browser.get('/read-only')).body).toMatchObject({ start: 1, ...(path === 'writing' && { written: 1 }) });
    },
  );

  it.each(['destroy', 'regenerate'])('does not refuse %s()', async (path) => {
    expect((await browser.post(`/read-only/${path}`)).status).toBe(201);
    expect(await rows()).toEqual([]);
  });

  it.each([
    ['/read-only', 24],
    ['/read-only/untouching', 1],
  ])('extends the session, but for @NoTouch() beside it: %s', async (path, hours) => {
    const { dialect } = app.get(DatabaseContext, { strict: false });
    await run(`update {table} set expires_at = ${dialect.fromNow(String(HOUR))}`);
    await browser.get(path);
    const [row] = await run(`select ${dialect.until('expires_at')} as remaining from {table}`);
    expect(Math.round(Number(row?.remaining) / HOUR)).toBe(hours);
  });
});
