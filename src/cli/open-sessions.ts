import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MikroORM } from '@mikro-orm/core';
import { SessionCodec } from '../codec/session.codec.js';
import { UserDevices } from '../devices/user-devices.js';
import { DatabaseContext } from '../persistence/database-context.js';
import { schemaOf } from '../persistence/table-location.js';
import { SessionRepository } from '../persistence/session.repository.js';
import { SessionService } from '../services/session.service.js';
import { SmartSessionModule } from '../smart-session.module.js';
import type { SmartSessionModuleOptions } from '../options/module-options.js';
import { DEFAULT_TABLE } from '../options/option-table.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { openOrm, tableNameIn } from './open-orm.js';
import { refuseOtherDialect } from './refuse-other-dialect.js';
import { readSettings, type CommonGiven } from './settings.js';

/** The app's sessions, as the module opens them. */
export interface OpenSessions {
  readonly service: SessionService;
  readonly repository: SessionRepository;
  readonly database: DatabaseContext;
  readonly devices: UserDevices;
  readonly codec: SessionCodec;
  readonly options: SmartSessionOptions;
}

@Module({})
class CommandLineModule {}

/**
 * Opens the app's sessions with the options of the command line, and closes them afterwards.
 *
 * @param overrides options that the command line sets
 * @param check checks the options before the table is opened; its errors are thrown
 * @throws SmartSessionConfigError, UsageError, and MikroORM's errors
 */
export async function withSessions<Result>(
  given: CommonGiven,
  work: (sessions: OpenSessions) => Promise<Result>,
  overrides: SmartSessionModuleOptions = {},
  check: (options: SmartSessionModuleOptions) => void = () => {},
): Promise<Result> {
  const { exported, options: settings } = await readSettings(given);
  const read = { ...settings, ...overrides };
  const orm =
    read.connection || read.client
      ? undefined
      : await openOrm(given.contextName ?? read.contextName, given.config).catch((error: unknown) => {
          // A wrong command line is reported first.
          check(withTable(read, undefined));
          throw error;
        });
  try {
    const options = withTable(read, orm);
    check(options);
    await refuseOtherDialect(given, exported, orm);
    const app = await NestFactory.createApplicationContext(moduleOf(options, orm), { logger: false, abortOnError: false });
    try {
      return await work(sessionsOf(app));
    } finally {
      await app.close();
    }
  } finally {
    await orm?.close();
  }
}

/**
 * Returns the options with the table's name and schema. The app's entity supplies what no option says.
 *
 * @param orm the app's; undefined for sessions with their own connection
 */
export function withTable(options: SmartSessionModuleOptions, orm: MikroORM | undefined): SmartSessionModuleOptions {
  const tableName = options.tableName ?? tableNameIn(orm) ?? DEFAULT_TABLE;
  const schema = orm ? schemaOf({ tableName, schema: options.schema }, orm) : options.schema;
  return { ...options, tableName, ...(schema === undefined ? {} : { schema }) };
}

function moduleOf(options: SmartSessionModuleOptions, orm: MikroORM | undefined) {
  // The column of the user ids exists, whether the options name `userId` or not.
  const userId = options.userId ?? (() => undefined);
  // MikroORM was opened with the configuration of its context, so it has no context name here.
  const provided = [{ provide: MikroORM, useValue: orm }];
  const ormModule = { module: CommandLineModule, global: true, providers: provided, exports: [MikroORM] };
  return {
    module: CommandLineModule,
    imports: [...(orm ? [ormModule] : []), SmartSessionModule.forRoot({ ...options, userId, contextName: undefined })],
  };
}

function sessionsOf(app: INestApplicationContext): OpenSessions {
  return {
    service: app.get(SessionService),
    repository: app.get(SessionRepository),
    database: app.get(DatabaseContext),
    devices: app.get(UserDevices, { strict: false }),
    codec: app.get(SessionCodec),
    options: app.get(SmartSessionOptions),
  };
}
