import type { MikroORM } from '@mikro-orm/core';
import type { DatabaseContext } from './database-context.js';
import { entityOf } from './table-location.js';

type Place = Pick<DatabaseContext, 'orm' | 'tableName' | 'schema'>;

/**
 * Returns a warning if MikroORM's schema generator or migrations would drop the sessions table. They drop every table that has no
 * entity.
 *
 * @param orm the app's MikroORM
 * @returns undefined if they keep the table, or if the app's MikroORM is for another database
 */
export function warningOfDrop(context: Place, orm: MikroORM | undefined): string | undefined {
  if (!orm || !isSameDatabase(orm, context.orm) || entityOf(context, orm) || isSkipped(context, orm)) return undefined;
  const { tableName } = context;
  const entity = tableName === 'sessions' ? 'SessionEntity' : `defineSessionEntity({ tableName: '${tableName}' })`;
  return (
    `MikroORM's configuration has no entity for the table "${tableName}": \`schema.update()\` and \`migration:create\` would drop it. ` +
    `Add \`${entity}\` to its \`entities\`, or "${tableName}" to its \`schemaGenerator.skipTables\`.`
  );
}

function isSkipped({ tableName, schema = '' }: Place, orm: MikroORM): boolean {
  const { skipTables = [], ignoreSchema = [] } = orm.config.get('schemaGenerator');
  const isName = (pattern: string | RegExp) =>
    typeof pattern === 'string' ? pattern.toLowerCase() === tableName.toLowerCase() : pattern.test(tableName);
  return ignoreSchema.includes(schema) || skipTables.some(isName);
}

function isSameDatabase(one: MikroORM, other: MikroORM): boolean {
  return one === other || (one.config.get('dbName') !== ':memory:' && addressOf(one) === addressOf(other));
}

/** Returns the address of a database. MikroORM reads the database's name from a URL itself. */
function addressOf({ config }: MikroORM): string {
  const clientUrl = config.get('clientUrl') ?? '';
  const { hostname, port } = URL.canParse(clientUrl) ? new URL(clientUrl) : { hostname: '', port: '' };
  return [config.get('host') ?? hostname, config.get('port') ?? port, config.get('dbName')].join(' ');
}
