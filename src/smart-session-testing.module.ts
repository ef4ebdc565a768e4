import { Module, type DynamicModule } from '@nestjs/common';
import { SmartSessionModule } from './smart-session.module.js';
import type { SmartSessionModuleOptions } from './options/module-options.js';

/** The options that a test may set: all but those of the database. */
export type SmartSessionTestingOptions = Omit<
  SmartSessionModuleOptions,
  'client' | 'connection' | 'contextName' | 'createTable' | 'dialect' | 'schema'
>;

/**
 * `SmartSessionModule` for the tests of an app. The sessions are in an SQLite database in memory, which ends with the app. It needs
 * `@mikro-orm/sqlite`, and no server, no file and no MikroORM in the app.
 */
@Module({})
export class SmartSessionTestingModule {
  /**
   * Registers the module on a new, empty database.
   *
   * @param options the options that the test depends on, such as `merge` and `userId`. The secret has a default here
   * @throws SmartSessionConfigError at start, for an option that is wrong
   * @example
   * await Test.createTestingModule({ imports: [SmartSessionTestingModule.forRoot(), CartModule] }).compile();
   */
  static forRoot(options: SmartSessionTestingOptions = {}): DynamicModule {
    const chosen = { secret: 'of a test', pruneInterval: false as const, ...options };
    return SmartSessionModule.forRoot('sqlite', { ...chosen, connection: { dbName: ':memory:' }, createTable: true });
  }
}
