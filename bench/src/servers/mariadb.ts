import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { DATABASE, type SqlServer } from './addresses.js';
import type { Server } from './server.js';

const { env } = process;

/** The server that MySQL's usual environment variables name. */
const ADDRESS: SqlServer = {
  host: env.MYSQL_HOST ?? '127.0.0.1',
  port: Number(env.MYSQL_PORT ?? 3306),
  user: env.MYSQL_USER ?? 'root',
  password: env.MYSQL_PASSWORD ?? '',
  database: DATABASE,
};

/** Creates the benchmark's database on MariaDB. It is dropped at the end. */
export async function prepareMariaDb(): Promise<Server<SqlServer>> {
  const version = await asAdmin(async (connection) => {
    await connection.query(`drop database if exists ${DATABASE}`);
    await connection.query(`create database ${DATABASE} default character set utf8mb4`);
    const [rows] = await connection.query<RowDataPacket[]>('select version() as version, @@innodb_buffer_pool_size / 1024 / 1024 as pool');
    return `${String(rows[0]!.version).replace('-MariaDB', '')} with a buffer pool of ${Number(rows[0]!.pool)} MiB`;
  });
  return {
    version: `MariaDB ${version}`,
    address: ADDRESS,
    stop: () => asAdmin(async (connection) => void (await connection.query(`drop database if exists ${DATABASE}`))),
  };
}

async function asAdmin<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
  const { database: _, ...server } = ADDRESS;
  const connection = await createConnection({ ...server, connectTimeout: 2000 });
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}
