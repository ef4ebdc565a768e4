import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { DATABASE, type SqlServer } from './addresses.js';
import type { Server } from './server.js';

const { env } = process;

/** The server that MySQL's usual environment variables name. */
const MYSQL: SqlServer = {
  host: env.MYSQL_HOST ?? '127.0.0.1',
  port: Number(env.MYSQL_PORT ?? 3306),
  user: env.MYSQL_USER ?? 'root',
  password: env.MYSQL_PASSWORD ?? '',
  database: DATABASE,
};

/** MySQL's address unless these variables are set. Most machines have only one of the two servers. */
const MARIADB: SqlServer = {
  host: env.MARIADB_HOST ?? MYSQL.host,
  port: Number(env.MARIADB_PORT ?? MYSQL.port),
  user: env.MARIADB_USER ?? MYSQL.user,
  password: env.MARIADB_PASSWORD ?? MYSQL.password,
  database: DATABASE,
};

/** Creates the benchmark's database on MySQL. It is dropped at the end. */
export function prepareMySql(): Promise<Server<SqlServer>> {
  return prepare('MySQL', MYSQL);
}

/** Creates the benchmark's database on MariaDB. It is dropped at the end. */
export function prepareMariaDb(): Promise<Server<SqlServer>> {
  return prepare('MariaDB', MARIADB);
}

/** @throws Error if the address is that of the other kind of server */
async function prepare(kind: 'MySQL' | 'MariaDB', address: SqlServer): Promise<Server<SqlServer>> {
  const version = await asAdmin(address, async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>('select version() as version, @@innodb_buffer_pool_size / 1024 / 1024 as pool');
    const full = String(rows[0]!.version);
    if (full.includes('MariaDB') !== (kind === 'MariaDB'))
      throw new Error(
        `${address.host}:${address.port} is not a ${kind} server. Set ${kind.toUpperCase()}_HOST and ${kind.toUpperCase()}_PORT.`,
      );
    await connection.query(`drop database if exists ${DATABASE}`);
    await connection.query(`create database ${DATABASE} default character set utf8mb4`);
    return `${full.replace('-MariaDB', '')} with a buffer pool of ${Number(rows[0]!.pool)} MiB`;
  });
  return {
    version: `${kind} ${version}`,
    address,
    stop: () => asAdmin(address, async (connection) => void (await connection.query(`drop database if exists ${DATABASE}`))),
  };
}

async function asAdmin<Result>(address: SqlServer, work: (connection: Connection) => Promise<Result>): Promise<Result> {
  const { database: _, ...server } = address;
  const connection = await createConnection({ ...server, connectTimeout: 2000 });
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}
