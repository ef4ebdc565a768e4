import pg from 'pg';
import { DATABASE, type SqlServer } from './addresses.js';
import type { Server } from './server.js';

const { env } = process;

/** The server that PostgreSQL's usual environment variables name. */
const ADDRESS: SqlServer = {
  host: env.PGHOST ?? '127.0.0.1',
  port: Number(env.PGPORT ?? 5432),
  user: env.PGUSER ?? 'postgres',
  password: env.PGPASSWORD ?? '',
  database: DATABASE,
};

/** Creates the benchmark's database on PostgreSQL. It is dropped at the end. */
export async function preparePostgreSql(): Promise<Server<SqlServer>> {
  const version = await asAdmin(async (client) => {
    await client.query(`drop database if exists ${DATABASE} with (force)`);
    await client.query(`create database ${DATABASE}`);
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]!.server_version;
  });
  return {
    version: `PostgreSQL ${version}`,
    address: ADDRESS,
    stop: () => asAdmin(async (client) => void (await client.query(`drop database if exists ${DATABASE} with (force)`))),
  };
}

async function asAdmin<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ ...ADDRESS, database: 'postgres', connectionTimeoutMillis: 2000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
