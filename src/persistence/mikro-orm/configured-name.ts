import type { MikroORM } from '@mikro-orm/core';

/** MikroORM's schema generator, which remembers the database that it looked for last. */
interface SchemaGenerator {
  readonly lastEnsuredDatabase?: string;
}

/**
 * Returns the database's name in MikroORM's configuration. MikroORM replaces its `dbName` while it creates a missing database,
 * and does not restore it on failure.
 */
export function configuredName(orm: MikroORM): string | undefined {
  const generator = orm.config.getExtension<SchemaGenerator>('@mikro-orm/schema-generator');
  return generator?.lastEnsuredDatabase ?? orm.config.get('dbName');
}
