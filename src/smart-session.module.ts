import {
  Inject,
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, ModuleRef } from '@nestjs/core';
import { MikroORM } from '@mikro-orm/core';
import type { DialectName } from './shared/dialect-name.js';
import { EventPublisher } from './events/event-publisher.js';
import { SessionPolicyGuard } from './decorators/session-policy.guard.js';
import { SessionHealthIndicator } from './health/session-health.indicator.js';
import { SessionInterceptor } from './interceptors/session.interceptor.js';
import { SmartSessionMiddleware } from './middleware/smart-session.middleware.js';
import { DatabaseContext } from './persistence/database-context.js';
import { OrmTransactions } from './persistence/mikro-orm/orm-transactions.js';
import { openDatabase } from './persistence/open-database.js';
import { SessionRepository } from './persistence/session.repository.js';
import { SqlSessionRepository } from './persistence/sql-session.repository.js';
import { AppTransactions } from './persistence/app-transactions.js';
import { CurrentPlatform } from './platforms/current-platform.js';
import { combineObservers } from './observers/combined-observers.js';
import { SessionObservers } from './observers/session-observers.js';
import { SessionService } from './services/session.service.js';
import { SessionLogger } from './security/session-logger.js';
import { warningsOf } from './security/warnings.js';
import { SmartSessionConfigError } from './smart-session.errors.js';
import type { SmartSessionModuleOptions } from './options/module-options.js';
import { GIVEN_OPTIONS, optionsProviders, type SmartSessionModuleAsyncOptions } from './smart-session.async-options.js';
import { SmartSessionOptions } from './options/smart-session.options.js';
import { SESSION_PROVIDERS } from './smart-session.providers.js';
import { SmartSessionStore } from './store/smart-session.store.js';
import { SessionTelemetry } from './telemetry/session-telemetry.js';
import { importTelemetryApi } from './open-telemetry.js';

/** The providers of `forRoot` replace these. */
const PROVIDERS_WITHOUT_OPTIONS: Provider[] = [SmartSessionOptions, DatabaseContext, EventPublisher, CurrentPlatform].map((provide) => ({
  provide,
  useFactory: () => {
    throw new SmartSessionConfigError('dialect', 'the module was imported without options', 'Import `SmartSessionModule.forRoot(…)`.');
  },
}));

/**
 * Sessions without lost changes: express-session as middleware, its store on MikroORM, and an interceptor that commits after
 * each handler.
 *
 * @example
 * \@Module({ imports: [MikroOrmModule.forRoot(…), SmartSessionModule.forRoot('postgresql')] })
 * export class AppModule {}
 */
@Module({ providers: PROVIDERS_WITHOUT_OPTIONS })
export class SmartSessionModule implements NestModule, OnModuleInit, OnApplicationShutdown {
  /** @internal Nest calls it. */
  constructor(
    @Inject(SmartSessionOptions) private readonly options: SmartSessionOptions,
    @Inject(DatabaseContext) private readonly database: DatabaseContext,
    @Inject(EventPublisher) private readonly events: EventPublisher,
    @Inject(CurrentPlatform) private readonly platform: CurrentPlatform,
  ) {}

  /**
   * Registers the module with these options.
   *
   * @throws SmartSessionConfigError at start, for an option that is wrong
   */
  static forRoot(options?: SmartSessionModuleOptions): DynamicModule;
  static forRoot(dialect: DialectName, options?: Omit<SmartSessionModuleOptions, 'dialect'>): DynamicModule;
  static forRoot(
    first: DialectName | SmartSessionModuleOptions = {},
    rest: Omit<SmartSessionModuleOptions, 'dialect'> = {},
  ): DynamicModule {
    const options = typeof first === 'string' ? { ...rest, dialect: first } : first;
    return dynamicModule([{ provide: GIVEN_OPTIONS, useValue: options }], { contextName: options.contextName });
  }

  /**
   * Registers the module with options that are made at start.
   *
   * @example
   * SmartSessionModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ dialect: 'sqlite', connection: { dbName: config.getOrThrow('SESSIONS_FILE') } }),
   * })
   */
  static forRootAsync(options: SmartSessionModuleAsyncOptions): DynamicModule {
    return dynamicModule(optionsProviders(options), options);
  }

  /**
   * Mounts the middleware, by the options `mount` and `exclude`. Nest calls it for apps that answer HTTP.
   *
   * @throws UnsupportedAdapterError for an adapter of another platform than Express and Fastify
   */
  async configure(consumer: MiddlewareConsumer): Promise<void> {
    try {
      this.platform.prepare(this.options.mount);
      this.#mount(consumer);
    } catch (error) {
      await this.onApplicationShutdown();
      throw error;
    }
  }

  /** Connects the events. Logs the warnings, and how long sessions live. */
  async onModuleInit(): Promise<void> {
    try {
      if (this.events.isOn) this.events.connect();
    } catch (error) {
      await this.onApplicationShutdown();
      throw error;
    }
    const logger = new SessionLogger();
    for (const warning of [...warningsOf(this.options), ...this.database.warnings]) logger.warn(warning);
    logger.log(livesOf(this.options));
  }

  #mount(consumer: MiddlewareConsumer): void {
    const { mount, exclude } = this.options;
    if (!mount) return;
    try {
      consumer
        .apply(SmartSessionMiddleware)
        .exclude(...exclude)
        .forRoutes('{*path}');
    } catch (error) {
      throw unreadablePath(error as Error);
    }
  }

  /** Closes what was opened for the sessions: a separate database, or a second connection to a SQLite file. */
  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}

function dynamicModule(
  options: Provider[],
  { imports = [], contextName }: Pick<SmartSessionModuleAsyncOptions, 'imports' | 'contextName'>,
): DynamicModule {
  return {
    module: SmartSessionModule,
    global: true,
    imports,
    providers: [
      ...options,
      {
        provide: DatabaseContext,
        inject: [GIVEN_OPTIONS, { token: ormToken(contextName), optional: true }],
        useFactory: (given: SmartSessionModuleOptions, orm?: MikroORM) => {
          if (typeof given !== 'object' || given === null) throw noOptions(given);
          if (given.contextName !== undefined && given.contextName !== contextName) throw lateContextName(given.contextName);
          return openDatabase(new SmartSessionOptions({ ...given, contextName }), orm);
        },
      },
      {
        provide: SmartSessionOptions,
        inject: [GIVEN_OPTIONS, DatabaseContext],
        useFactory: (given: SmartSessionModuleOptions, { isVersioned }: DatabaseContext) =>
          new SmartSessionOptions({ ...given, locking: isVersioned && given.locking !== 'pessimistic' ? 'optimistic' : 'pessimistic' }),
      },
      {
        provide: SessionRepository,
        inject: [SmartSessionOptions, ModuleRef, DatabaseContext],
        useFactory: ({ repository = SqlSessionRepository }: SmartSessionOptions, ref: ModuleRef, database: DatabaseContext) =>
          orClose(database, () => ref.create(repository)),
      },
      { provide: AppTransactions, inject: [SmartSessionOptions, DatabaseContext], useFactory: transactionsOf },
      ...SESSION_PROVIDERS,
      {
        provide: SessionObservers,
        inject: [SmartSessionOptions, EventPublisher, DatabaseContext],
        useFactory: (given: SmartSessionOptions, events: EventPublisher, database: DatabaseContext) =>
          orClose(database, () => openObservers(given, events)),
      },
      { provide: APP_GUARD, useClass: SessionPolicyGuard },
      // One interceptor for lock and commit, because Nest makes new observables for each interceptor of a request.
      { provide: APP_INTERCEPTOR, useClass: SessionInterceptor },
    ],
    exports: [SessionService, SmartSessionStore, SmartSessionMiddleware, SessionRepository, SmartSessionOptions, SessionHealthIndicator],
  };
}

/** Closes the database if `work` fails, because Nest calls no hook of a module whose start fails. */
async function orClose<Result>(database: DatabaseContext, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openObservers({ telemetry }: SmartSessionOptions, events: EventPublisher): Promise<SessionObservers> {
  const measures = telemetry ? new SessionTelemetry(await importTelemetryApi()) : undefined;
  const lifecycle = [events.isOn ? events : undefined, measures].filter((observer) => observer !== undefined);
  return new SessionObservers(combineObservers(lifecycle), measures);
}

/** Another connection than that of the app's MikroORM has no part in the transactions of the app. */
function transactionsOf({ connection }: SmartSessionOptions, { orm, dialect }: DatabaseContext): AppTransactions {
  return new AppTransactions(connection || !orm ? undefined : new OrmTransactions(orm, dialect));
}

/** A max age is stored with each session, so a changed option only applies to new sessions. */
function livesOf({ ttl, anonymousTtl, cookie, absoluteTtl }: SmartSessionOptions): string {
  const { maxAge = undefined } = typeof cookie === 'function' ? {} : cookie;
  const anonymous = anonymousTtl === undefined ? '' : `, those without a user after ${anonymousTtl / 1000} s`;
  const latest = absoluteTtl === undefined ? '' : `, and after ${absoluteTtl / 1000} s at the latest`;
  return `${maxAge == null ? 'Sessions' : 'New sessions'} end after ${(maxAge ?? ttl) / 1000} s without use${anonymous}${latest}.`;
}

function unreadablePath(error: Error): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'exclude',
    `Nest cannot read a path: ${error.message}`,
    "Write it as in Nest's routes, such as 'health' or 'assets/*path'.",
    error,
  );
}

function noOptions(given: unknown): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'useFactory',
    `${String(given)} was returned`,
    "Return the options, such as { dialect: 'postgresql' }. With an arrow function, put the object in parentheses.",
  );
}

function lateContextName(given: string): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'contextName',
    `"${given}" was returned by \`useFactory\`, but Nest chooses the MikroORM before it calls the factory`,
    'Give `contextName` next to `useFactory`.',
  );
}

/** The token under which @mikro-orm/nestjs provides a context's MikroORM. */
function ormToken(contextName: string | undefined) {
  return contextName === undefined ? MikroORM : `${contextName}_MikroORM`;
}
