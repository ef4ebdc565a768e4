/** The directory of the data within a server's tree. Two runs may use one tree at the same time. */
export const DATA = `/data-${process.pid}`;

// A server that is killed loses nothing with these settings, only a machine that loses its power. The tests wait for the disk most.
const QUICK_MYSQL = ['--innodb-flush-log-at-trx-commit=2', '--sync-binlog=0', '--innodb-doublewrite=0'];
const QUICK_POSTGRESQL = ['fsync=off', 'full_page_writes=off'];

const OWN_DATA = ['--no-defaults', `--datadir=${DATA}`];

/**
 * What is the same for all versions of a server. `create` makes its data, and `serve` starts it on a port of 127.0.0.1.
 *
 * @typedef {{ dialect: string, variables: string, client: string, user: string, create: string[], serve: (port: number) => string[] }} Kind
 */

const MYSQL = {
  dialect: 'mysql',
  variables: 'MYSQL_',
  client: 'mysql2',
  user: 'root',
  create: ['mysqld', ...OWN_DATA, '--initialize-insecure'],
  serve: (port) => ['mysqld', ...OWN_DATA, ...onLoopback(port), ...QUICK_MYSQL, '--mysqlx=OFF', '--secure-file-priv=NULL'],
};

const MARIADB = {
  dialect: 'mariadb',
  variables: 'MARIADB_',
  client: 'mysql2',
  user: 'root',
  create: ['mariadb-install-db', ...OWN_DATA, '--basedir=/usr', '--auth-root-authentication-method=normal', '--skip-test-db', '--force'],
  serve: (port) => ['mariadbd', ...OWN_DATA, ...onLoopback(port), ...QUICK_MYSQL],
};

const postgresql = (version) => {
  const directory = `/usr/lib/postgresql/${version}/bin`;
  // In files, because the tree has no /dev/shm.
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'dynamic_shared_memory_type=mmap', ...QUICK_POSTGRESQL];
  return {
    dialect: 'postgresql',
    variables: 'PG',
    client: 'pg',
    user: 'postgres',
    create: [`${directory}/initdb`, '-D', DATA, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
    serve: (port) => [`${directory}/postgres`, '-D', DATA, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
  };
};

function onLoopback(port) {
  return [`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${DATA}/socket`, `--pid-file=${DATA}/pid`];
}

const MARIADB_PACKAGES = ['mariadb-server-core', 'mariadb-client-core'];

/**
 * The servers, by name: the suite of Debian that has the version, and its packages.
 *
 * @type {Record<string, { suite: string, packages: string[], kind: Kind }>}
 */
export const SERVERS = {
  mysql: { suite: 'sid', packages: ['mysql-server-core'], kind: MYSQL },
  'postgresql-15': { suite: 'bookworm', packages: ['postgresql-15'], kind: postgresql(15) },
  'postgresql-17': { suite: 'trixie', packages: ['postgresql-17'], kind: postgresql(17) },
  'postgresql-18': { suite: 'sid', packages: ['postgresql-18'], kind: postgresql(18) },
  'mariadb-10.11': { suite: 'bookworm', packages: MARIADB_PACKAGES, kind: MARIADB },
  'mariadb-11.8': { suite: 'trixie', packages: MARIADB_PACKAGES, kind: MARIADB },
};
