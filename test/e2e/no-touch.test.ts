import {
  ConflictException,
  Controller,
  Get,
  Injectable,
  Module,
  Post,
  Req,
  Res,
  Session,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Request, Response } from 'express';
import type { SessionData } from 'express-session';
import { DatabaseContext, LockSession, NoTouch, SessionService, SmartSessionModule } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { CONNECTIONS } from '../support/databases.js';
import { dropTablesOf } from '../support/drop-tables.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { startTestApp } from '../support/test-app.js';

type Live = SessionData & Record<string, any>;

const HOUR = 60 * 60 * 1000;

/** What happens while a handler waits. */
let meanwhile: () => Promise<unknown> = async () => undefined;

class RefusingGuard implements CanActivate {
  canActivate(context: ExecutionContext): never {
    if (context.getHandler().name === 'guardedWriting') context.switchToHttp().getRequest().session.n = 1;
    throw new UnauthorizedException();
  }
}

/** A guard for all routes, of a module that is imported after the sessions. */
@Injectable()
class GlobalGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getHandler().name === 'refused') throw new UnauthorizedException();
    return true;
  }
}

@Module({ providers: [{ provide: APP_GUARD, useClass: GlobalGuard }] })
class GlobalGuardModule {}

@Controller()
class PollController {
  constructor(private readonly sessions: SessionService) {}

  @Get('usual') usual(): void {}
  @Get('read') @NoTouch() read(@Session() session: Live): Live {
    return session;
  }
  @Get('refused') @NoTouch() refused(): void {}
  @Get('guarded') @NoTouch() @UseGuards(RefusingGuard) guarded(): void {}
  @Get('guarded-writing') @NoTouch() @UseGuards(RefusingGuard) guardedWriting(): void {}
  @Get('write') @NoTouch() write(@Session() session: Live): void {
    session.n = Math.random();
  }
  @Get('update') @NoTouch() update(@Session() session: Live): Promise<unknown> {
    return this.sessions.update(session, (draft: Record<string, unknown>) => (draft.n = Math.random()));
  }
  @Get('locked') @NoTouch() @LockSession() locked(@Session() session: Live): void {
    session.n = Math.random();
  }
  @Get('locked-reading') @NoTouch() @LockSession() lockedReading(): void {}
  @Get('fail') @NoTouch() fail(@Session() session: Live): void {
    session.n = Math.random();
    throw new ConflictException();
  }
  @Get('untouched-res') @NoTouch() res(@Session() session: Live, @Res() response: Response): void {
    session.n = Math.random();
    response.send({});
  }
  @Get('res-reading') @NoTouch() resReading(@Res() response: Response): void {
    response.send({});
  }
  @Get('reload') @NoTouch() async reload(@Req() request: Request): Promise<void> {
    await new Promise((resolve) => request.session.reload(resolve));
  }
  @Get('reload-and-write') @NoTouch() async reloadAndWrite(@Req() request: Request): Promise<void> {
    await new Promise((resolve) => request.session.reload(resolve));
    Object.assign(request.session, { n: Math.random() });
  }
  @Post('untouched-remember') @NoTouch() remember(@Session() session: Live): void {
    session.cookie.maxAge = 5 * HOUR;
  }
  @Post('first') @NoTouch() first(@Session() session: Live): void {
    session.first = 1;
  }
  @Post('untouched-login') @NoTouch() async loginAgain(@Req() request: Request): Promise<void> {
    await this.sessions.regenerate(request);
    Object.assign(request.session, { user: 1 });
    await this.sessions.commit(request.session);
    await meanwhile();
    Object.assign(request.session, { more: 1 });
  }
}

@Controller('polled')
@NoTouch()
class PolledController {
  @Get() read(): void {}
  @Get('usual') @NoTouch(false) usual(): void {}
}

@Module({ controllers: [PollController, PolledController] })
class PollModule {}

@Module({})
class TestedModule {}

describe.each(REPOSITORY_CASES)('@NoTouch() on $database, $locking, $name', ({ database, locking, repository, n }) => {
  const tableName = `no_touch_${database}_${n}`;
  let app: INestApplication;
  let browser: Browser;

  beforeAll(async () => {
    const { driver: _, ...connection } = CONNECTIONS[database];
    const sessions = SmartSessionModule.forRoot(database, {
      connection,
      secret: 'test',
      createTable: true,
      tableName,
      locking,
      repository,
      ttl: 24 * HOUR,
      pruneInterval: false,
    });
    app = await startTestApp(database, { module: { module: TestedModule, imports: [sessions, GlobalGuardModule, PollModule] } });
  });
  beforeEach(async () => {
    browser = new Browser(app);
    await browser.post('/set', { start: 1 });
    await endInAnHour();
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
  const endInAnHour = () =>
    run(`update {table} set expires_at = ${app.get(DatabaseContext, { strict: false }).dialect.fromNow(String(HOUR))}`);
  /** How long the only session still lives, in whole hours. */
  async function hoursLeft(): Promise<number> {
    const [row] = await run(`select ${app.get(DatabaseContext, { strict: false }).dialect.until('expires_at')} as remaining from {table}`);
    return Math.round(Number(row?.remaining) / HOUR);
  }

  it.each<[string, number]>([
    ['/read', 200],
    ['/locked-reading', 200],
    ['/res-reading', 200],
    ['/reload', 200],
    ['/polled', 200],
    ['/guarded', 401],
    ['/refused', 401],
  ])('does not extend the session: %s, %d', async (path, status) => {
    expect((await browser.get(path)).status).toBe(status);
    expect(await hoursLeft()).toBe(1);
  });

  it.each<[string, number]>([
    ['/write', 200],
    ['/update', 200],
    ['/locked', 200],
    ['/untouched-res', 200],
    ['/reload-and-write', 200],
    ['/guarded-writing', 401],
    ['/fail', 409],
  ])('stores what changes, and leaves the expiry: %s, %d', async (path, status) => {
    expect((await browser.get(path)).status).toBe(status);
    expect((await browser.get('/read')).body).toMatchObject({ start: 1, n: expect.any(Number) });
    expect(await hoursLeft()).toBe(1);
  });

  it.each(['/usual', '/polled/usual'])('lets other routes extend it: %s', async (path) => {
    await browser.get(path);
    expect(await hoursLeft()).toBe(24);
  });

  it('lets the handler choose another max age', async () => {
    await browser.post('/untouched-remember');
    expect(await hoursLeft()).toBe(5);
  });

  it('lets a new session live its usual time', async () => {
    await run('delete from {table}');
    await new Browser(app).post('/first');
    expect(await hoursLeft()).toBe(24);
  });

  it('holds for the session that comes by regenerate', async () => {
    meanwhile = endInAnHour;
    await browser.post('/untouched-login');
    expect((await browser.get('/read')).body).toMatchObject({ user: 1, more: 1 });
    expect(await hoursLeft()).toBe(1);
  });
});
