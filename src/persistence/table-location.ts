import type { EntityMetadata, MikroORM } from '@mikro-orm/core';

/** A table's name, and the schema that was given for it. */
interface NamedTable {
  readonly tableName: string;
  readonly schema: string | undefined;
}

/**
 * Returns the schema of the sessions table: the option's, else the entity's, else MikroORM's.
 *
 * @returns undefined for the connection's own
 */
export function schemaOf({ tableName, schema }: NamedTable, orm: MikroORM): string | undefined {
  if (schema !== undefined) return schema;
  const schemas = new Set(entitiesOf(orm, tableName).map((entity) => schemaOfEntity(orm, entity)));
  const [only] = schemas;
  return schemas.size === 1 ? only : usual(orm, orm.config.get('schema'));
}

/** Returns MikroORM's entity for the table, or undefined if there is none. */
export function entityOf({ tableName, schema }: NamedTable, orm: MikroORM): EntityMetadata | undefined {
  const wanted = usual(orm, schema);
  return entitiesOf(orm, tableName).find((entity) => schemaOfEntity(orm, entity) === wanted);
}

function entitiesOf(orm: MikroORM, tableName: string): EntityMetadata[] {
  return [...orm.getMetadata()].filter((entity) => entity.tableName === tableName && !entity.abstract);
}

/** Returns the schema in which MikroORM finds the entity. `*` means the schema of each query. */
function schemaOfEntity(orm: MikroORM, { schema }: EntityMetadata): string | undefined {
  return usual(orm, schema === undefined || schema === '*' ? orm.config.get('schema') : schema);
}

/** Returns undefined for the default schema of the connection, because MikroORM names it in no statement. */
function usual(orm: MikroORM, schema: string | undefined): string | undefined {
  return schema === orm.config.getPlatform().getDefaultSchemaName() ? undefined : schema;
}
