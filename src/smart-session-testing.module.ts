import { Module, type DynamicModule } from '@nestjs/common';
import { SmartSessionModule } from './smart-session.module.js';
import type { SmartSessionModuleOptions } from './options/module-options.js';

/** What a test may choose: all options but the database. */
export type SmartSessionTestingOptions = Omit<
  SmartSessionModuleOptions,
  'connection' | 'contextName' | 'createTable' | 'dialect' | 'schema'
>;

/**
 * `SmartSessionModule` for an app's own tests: its sessions are in an SQLite database in memory, which is gone
 * when the app closes. Needs `@mikro-orm/sqlite`, no server, no file, and no MikroORM of the app's.
 */
@Module({})
export class SmartSessionTestingModule {
  /**
   * Registers the module on a new, empty database.
   *
   * @param options what the test depends on, such as `merge` and `userId`; the secret is made up when none is given
   * @throws SmartSessionConfigError at start, for options that cannot work
   * @example
   * await Test.createTestingModule({ imports: [SmartSessionTestingModule.forRoot(), CartModule] }).compile();
   */
  static forRoot(options: SmartSessionTestingOptions = {}): DynamicModule {
    const chosen = { secret: 'of a test', pruneInterval: false as const, ...options };
    return SmartSessionModule.forRoot('sqlite', { ...chosen, connection: { dbName: ':memory:' }, createTable: true });
  }
}
