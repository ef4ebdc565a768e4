import type { EntityMetadata, MikroORM } from '@mikro-orm/core';

/** A table by its name, and what was said of its schema. */
interface NamedTable {
  readonly tableName: string;
  readonly schema: string | undefined;
}

/**
 * The schema of the sessions table: that of the option, else the entity's, else MikroORM's.
 *
 * @returns undefined for the connection's own
 */
export function schemaOf({ tableName, schema }: NamedTable, orm: MikroORM): string | undefined {
  if (schema !== undefined) return schema;
  const schemas = new Set(entitiesOf(orm, tableName).map((entity) => schemaOfEntity(orm, entity)));
  const [only] = schemas;
  return schemas.size === 1 ? only : usual(orm, orm.config.get('schema'));
}

/** MikroORM's entity for the table; undefined where it has none. */
export function entityOf({ tableName, schema }: NamedTable, orm: MikroORM): EntityMetadata | undefined {
  const wanted = usual(orm, schema);
  return entitiesOf(orm, tableName).find((entity) => schemaOfEntity(orm, entity) === wanted);
}

function entitiesOf(orm: MikroORM, tableName: string): EntityMetadata[] {
  return [...orm.getMetadata()].filter((entity) => entity.tableName === tableName && !entity.abstract);
}

/** MikroORM finds the entity there. `*` stands for the schema of each query. */
function schemaOfEntity(orm: MikroORM, { schema }: EntityMetadata): string | undefined {
  return usual(orm, schema === undefined || schema === '*' ? orm.config.get('schema') : schema);
}

/** The database's default schema is the connection's own: MikroORM names it in no statement. */
function usual(orm: MikroORM, schema: string | undefined): string | undefined {
  return schema === orm.config.getPlatform().getDefaultSchemaName() ? undefined : schema;
}
