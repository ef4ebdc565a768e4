import type { MikroORM } from '@mikro-orm/core';

/** MikroORM's schema generator remembers which database it has looked for last. */
interface SchemaGenerator {
  readonly lastEnsuredDatabase?: string;
}

/**
 * The name of the database that MikroORM's configuration was given. MikroORM replaces its `dbName` while it creates a
 * missing database, and leaves it so if that fails.
 */
export function configuredName(orm: MikroORM): string | undefined {
  const generator = orm.config.getExtension<SchemaGenerator>('@mikro-orm/schema-generator');
  return generator?.lastEnsuredDatabase ?? orm.config.get('dbName');
}
