import { MARIADB, MYSQL, POSTGRESQL } from '../support/servers.js';
import { variables } from './server.js';

// The servers that run already end with this process.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/**
 * The environment of tests that use servers in place of the machine's own. MariaDB keeps its address if MySQL has another one.
 *
 * @param {import('./server.js').Server[]} servers
 */
export function environmentOf(servers) {
  return Object.assign(
    { ...process.env, ...variables('PG', POSTGRESQL), ...variables('MYSQL_', MYSQL), ...variables('MARIADB_', MARIADB) },
    ...servers.map(({ env }) => env),
  );
}
