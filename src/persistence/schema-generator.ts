import type { MikroORM } from '@mikro-orm/core';
import type { DatabaseContext } from './database-context.js';
import { leaseTableOf } from '../dialects/table-layout.js';
import { entityOf } from './table-location.js';

interface Place extends Pick<DatabaseContext, 'tableName' | 'schema'> {
  readonly orm: MikroORM;
}

/**
 * Returns a warning for each table that MikroORM's schema generator or migrations would drop. They drop every table that has no
 * entity.
 *
 * @param hasLeases whether there is a table of leases
 * @param orm the app's MikroORM
 * @returns empty if they keep the tables, or if the app's MikroORM is for another database
 */
export function warningsOfDrop(context: Place, hasLeases: boolean, orm: MikroORM | undefined): string[] {
  if (!orm || !isSameDatabase(orm, context.orm)) return [];
  const { tableName } = context;
  const tables = [[tableName, 'SessionEntity'], ...(hasLeases ? [[leaseTableOf(tableName), 'SessionLeaseEntity']] : [])] as const;
  return tables
    .filter(([name]) => !isKept({ ...context, tableName: name! }, orm))
    .map(([name, entity]) => {
      const given = tableName === 'sessions' ? entity : `define${entity}({ tableName: '${tableName}' })`;
      return (
        `MikroORM's configuration has no entity for the table "${name}": \`schema.update()\` and \`migration:create\` would drop it. ` +
        `Add \`${given}\` to its \`entities\`, or "${name}" to its \`schemaGenerator.skipTables\`.`
      );
    });
}

function isKept(context: Place, orm: MikroORM): boolean {
  return entityOf(context, orm) !== undefined || isSkipped(context, orm);
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
