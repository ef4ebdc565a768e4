// One process of an app, as a real one is: it ends by a signal, and answers until then.
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Controller, Get, Module, Param, Post, Query, Session } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import type { Session as LiveSession, SessionData } from 'express-session';
import {
  EntityManagerSessionRepository,
  SessionService,
  SmartSessionModule,
  SqlSessionRepository,
  counter,
  type DialectName,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { WorkloadController } from '../workloads/workload.controller.js';
import { CauseFilter } from './cause.filter.js';

/** What the app's argument says, as JSON. */
export interface AppSettings {
  readonly dialect: DialectName;
  /** MikroORM's options, but for the driver. */
  readonly connection: object;
  readonly options?: Omit<SmartSessionModuleOptions, 'repository'>;
  readonly repository?: keyof typeof REPOSITORIES;
}

type Values = SessionData & Record<string, unknown>;

const REPOSITORIES = { SqlSessionRepository, EntityManagerSessionRepository };
const { dialect, connection, options, repository = 'SqlSessionRepository' } = JSON.parse(process.argv[2]!) as AppSettings;

@Controller()
class KeysController {
  constructor(
    private readonly sessions: SessionService,
    private readonly filter: CauseFilter,
  ) {}

  /** Sets one key to a value of `size` random bytes, `delay` ms after the load. */
  @Post('keys/:key') async set(
    @Session() session: Values,
    @Param('key') key: string,
    @Query('delay') delay?: string,
    @Query('size') size?: string,
  ): Promise<void> {
    if (delay) await sleep(Number(delay));
    session[key] = size ? randomBytes(Number(size)).toString('base64') : 1;
  }
  /** Counts, exactly once. */
  @Post('count') async count(@Session() session: Values): Promise<unknown> {
    return { n: await this.sessions.update(session, (draft: Record<string, unknown>) => (draft.n = Number(draft.n ?? 0) + 1)) };
  }
  @Post('logout') async logout(@Session() session: Values): Promise<void> {
    await promisify((done: (error?: unknown) => void) => (session as unknown as LiveSession).destroy(done))();
  }
  @Get('session') read(@Session() session: Values): unknown {
    return session;
  }
  @Get('alive') alive(): string {
    return 'alive';
  }
  /** How often each error of the driver was the cause of a failed request. */
  @Get('causes') causes(): object {
    return this.filter.counts;
  }
}

@Module({
  imports: [
    SmartSessionModule.forRoot(dialect, {
      connection: { ...connection, entities: [] },
      secret: 'of the tests',
      createTable: true,
      exclude: ['alive', 'causes'],
      merge: { count: counter() } as never,
      repository: REPOSITORIES[repository],
      ...options,
    }),
  ],
  controllers: [KeysController, WorkloadController],
  providers: [CauseFilter, { provide: APP_FILTER, useExisting: CauseFilter }],
})
class AppModule {}

// `return503OnClosing`: without it a client that keeps its connection holds the end up.
const app = await NestFactory.create(AppModule, { logger: process.env.TEST_LOG ? undefined : false, return503OnClosing: true });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
process.stdout.write(`${JSON.stringify({ url: await app.getUrl() })}\n`);
// The parent closing its end means that the test is over.
process.stdin.resume().on('end', () => process.exit());
