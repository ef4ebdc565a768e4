import 'reflect-metadata';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Body,
  Controller,
  Delete,
  ForbiddenException,
  Get,
  Header,
  HttpCode,
  Module,
  Param,
  Post,
  Redirect,
  Req,
  Res,
  Session,
  Sse,
  StreamableFile,
  UseGuards,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
  type ModuleMetadata,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Request, Response } from 'express';
import type { SessionData } from 'express-session';
import { from, interval, map, take } from 'rxjs';
import { SessionService, SmartSessionModule, type DialectName, type SmartSessionModuleOptions } from '../../src/index.js';
import { CONNECTIONS } from './databases.js';
import { IS_EXPRESS, newAdapter, takeOver } from './platform.js';

type LiveSession = Request['session'] & Record<string, unknown>;

class WritingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest<Request & { session: LiveSession }>().session.refused = 1;
    throw new ForbiddenException();
  }
}

/** A handler of every kind. Each writes to the session before it answers. */
@Controller()
export class TestController {
  constructor(private readonly sessions: SessionService) {}

  @Get('session') read(@Session() session: SessionData): unknown {
    return session;
  }
  @Get('nothing') nothing(): string {
    return 'nothing';
  }
  @Post('set') set(@Session() session: LiveSession, @Body() values: object): object {
    Object.assign(session, values);
    return { id: session.id };
  }
  @Post('slow-set') async slowSet(@Session() session: LiveSession, @Body() { wait, ...values }: { wait: string }): Promise<object> {
    await barriers.get(wait);
    Object.assign(session, values);
    return session;
  }
  @Post('dawdle') async dawdle(@Session() session: LiveSession, @Body() values: object): Promise<void> {
    await sleep(Math.random() * 20);
    Object.assign(session, values);
  }
  @Post('unset') unset(@Session() session: LiveSession, @Body() { keys }: { keys: string[] }): void {
    for (const key of keys) delete session[key];
  }
  @Post('throw') throw(@Session() session: LiveSession): void {
    session.thrown = 1;
    throw new ForbiddenException();
  }
  @Get('observable') observable(@Session() session: LiveSession): unknown {
    session.observable = 1;
    return from(['observed']);
  }
  @Post('guarded') @UseGuards(WritingGuard) guarded(): void {}
  @Get('res') res(@Session() session: LiveSession, @Res() response: Response): void {
    session.res = 1;
    response.send({ res: true });
  }
  @Get('redirect') @Redirect('/elsewhere') redirect(@Session() session: LiveSession): void {
    session.redirect = 1;
  }
  @Get('res-redirect') resRedirect(@Session() session: LiveSession, @Res() response: Response): void {
    session.resRedirect = 1;
    response.status(302).redirect('/elsewhere');
  }
  @Get('empty') @HttpCode(204) empty(@Session() session: LiveSession): void {
    session.empty = 1;
  }
  @Get('file') @Header('Content-Type', 'text/plain') file(@Session() session: LiveSession): StreamableFile {
    session.file = 1;
    return new StreamableFile(Readable.from(['first ', 'second']));
  }
  @Get('res-file') resFile(@Session() session: LiveSession, @Res() response: Response): void {
    session.resFile = 1;
    if (IS_EXPRESS) response.sendFile('package.json', { root: process.cwd() });
    else response.type('application/json').header('Cache-Control', 'public, max-age=0').send(createReadStream('package.json'));
  }
  @Get('pipe') pipe(@Session() session: LiveSession, @Res() response: Response): void {
    session.pipe = 1;
    Readable.from(['one ', 'two ', 'three']).pipe(takeOver(response));
  }
  @Get('late/:value') late(@Session() session: LiveSession, @Param('value') value: string, @Res() response: Response): void {
    const taken = takeOver(response);
    taken.write('first ');
    session.late = value === 'unstorable' ? 1n : value;
    taken.end('second');
  }
  @Sse('events') events(@Session() session: LiveSession): unknown {
    session.events = 1;
    return interval(5).pipe(
      take(2),
      map((data) => ({ data: String(data) })),
    );
  }
  @Post('login') async login(@Req() request: Request): Promise<object> {
    await this.sessions.regenerate(request);
    (request.session as LiveSession).user = 'anna';
    return { id: request.session.id };
  }
  @Post('slow-login') async slowLogin(@Req() request: Request, @Body() { wait }: { wait: string }): Promise<object> {
    const { session } = request;
    await barriers.get(wait);
    const failure = await this.sessions.regenerate(request).catch((error: Error) => error);
    return { failed: failure?.name, isSame: request.session === session };
  }
  @Delete('session') async logout(@Req() request: Request): Promise<void> {
    await new Promise<void>((resolve, reject) => request.session.destroy((error) => (error ? reject(error) : resolve())));
  }
  @Delete('null') null(@Req() request: Request): void {
    (request as { session: unknown }).session = null;
  }
  @Post('remember') remember(@Session() session: LiveSession, @Body() { maxAge }: { maxAge: number }): void {
    session.cookie.maxAge = maxAge;
  }
  @Post('save-and-reload') async saveAndReload(@Req() request: Request): Promise<unknown> {
    (request.session as LiveSession).saved = 1;
    await new Promise<void>((resolve, reject) => request.session.save((error) => (error ? reject(error) : resolve())));
    (request.session as LiveSession).thrownAway = 1;
    await new Promise<void>((resolve, reject) => request.session.reload((error) => (error ? reject(error) : resolve())));
    return request.session;
  }
  @Post('unstorable') unstorable(@Session() session: LiveSession): void {
    session.list = [{ price: 1n }];
  }
}

/** The barriers of `slow-set`, by name. */
const barriers = new Map<string, Promise<void>>();

/** Sets up a barrier. Returns a function that releases all waiting requests. */
export function raiseBarrier(name: string): () => void {
  let release = () => {};
  barriers.set(
    name,
    new Promise((resolve) => {
      release = resolve;
    }),
  );
  return release;
}

@Module({ controllers: [TestController] })
class TestModule {}

export interface TestAppSettings {
  readonly options?: Partial<SmartSessionModuleOptions>;
  readonly module?: DynamicModule;
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  readonly prepare?: (app: INestApplication) => void;
  /** Whether the app trusts one proxy in front of it. */
  readonly isBehindProxy?: boolean;
}

/** Starts an app with a session module on its own database. */
export async function startTestApp(
  dialect: DialectName,
  { options, module, imports = [], prepare, isBehindProxy = false }: TestAppSettings = {},
): Promise<INestApplication> {
  const { driver: _, ...connection } = CONNECTIONS[dialect];
  const sessions = module ?? SmartSessionModule.forRoot(dialect, { connection, secret: 'test', createTable: true, ...options });
  const testing = await Test.createTestingModule({ imports: [...imports, sessions, TestModule] }).compile();
  const app = testing.createNestApplication(newAdapter(isBehindProxy), { logger: process.env.TEST_LOG ? undefined : false });
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  return app;
}
