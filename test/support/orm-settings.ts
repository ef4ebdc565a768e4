import { MikroORM, type Options } from '@mikro-orm/sql';
import { EntityManagerSessionRepository, SmartSessionOptions, SqlSessionRepository, type DialectName } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { defineSessionEntity } from '../../src/persistence/session.entity.js';
import { connectionOptions } from './databases.js';
import { dropTables } from './drop-tables.js';
import { tourSessions } from './sessions-tour.js';

/** Uses sessions with each repository on an app's MikroORM with these options. Returns the failures. */
export async function failuresUnder(database: DialectName, options: Partial<Options>, prefix: string): Promise<string[]> {
  const failures: string[] = [];
  for (const Repository of [SqlSessionRepository, EntityManagerSessionRepository]) {
    const tableName = `${prefix}_${database}_${Repository.name.slice(0, 3).toLowerCase()}`;
    const orm = await MikroORM.init(
      connectionOptions(database, { entities: [defineSessionEntity({ tableName })], allowGlobalContext: false, ...options }),
    );
    try {
      const context = await openDatabase(
        new SmartSessionOptions({ secret: 'test', tableName, createTable: true, repository: Repository }),
        orm,
      );
      await tourSessions(context, new Repository(context));
      await dropTables(context.dialect.name, context.runner.run, tableName, context.schema);
    } catch (error) {
      failures.push(`${Repository.name}: ${String(error)}`);
    } finally {
      await orm.close();
    }
  }
  return failures;
}
