import { STORES } from '../stores/catalog.js';
import type { StoreDefinition } from '../stores/store-definition.js';

/** A database that can be far away. */
export type DistantDatabase = 'postgresql' | 'mysql' | 'mariadb';

/** Each database, with its name in the report. */
export const DATABASES: Readonly<Record<DistantDatabase, string>> = { postgresql: 'PostgreSQL', mysql: 'MySQL', mariadb: 'MariaDB' };

/** The measured stores of each database: this library in its ways, and the usual other store. */
const STORE_IDS: ReadonlySet<string> = new Set([
  ...Object.keys(DATABASES).flatMap((database) => ['', '-pessimistic', '-em'].map((way) => `ours-${database}${way}`)),
  'connect-pg-simple',
  'express-mysql-session',
  'express-mysql-session-mysql',
]);

/** Returns the stores of a database. */
export function storesOf(database: DistantDatabase): StoreDefinition[] {
  return STORES.filter((store) => store.database === database && STORE_IDS.has(store.id));
}

/** Returns the short name of a store, among those of its database. */
export function nameOf({ kind, label, settings }: StoreDefinition): string {
  if (kind !== 'ours') return label.replace(/ on .*/, '');
  const ways = [
    settings.repository === 'entity-manager' ? 'entity manager' : undefined,
    settings.locking === 'pessimistic' ? 'pessimistic' : undefined,
  ];
  return ways.find((way) => way !== undefined) ?? 'default';
}
