import Database from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { join } from 'node:path';
import { sampleSession } from '../app/sample-session.js';
import { USUAL_BYTES } from '../plan/scenario.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import { required, type Addresses } from './addresses.js';

/** The statements that add rows with the same data to a table. `$1` or `?` is the data. */
interface Filling {
  readonly count: string;
  readonly insert: (rows: number) => string;
}

/** The number of rows added by one statement. */
const BATCH = 50_000;

const OURS = '(session_id, data, lock_version, created_at, updated_at, expires_at)';

/** The statements by store. Keys and expiries are random, like those of real sessions. */
const FILLINGS: Readonly<Record<string, Filling>> = {
  'ours-postgresql': {
    count: 'select count(*)::int as rows from ours_postgresql',
    insert: (rows) =>
      `insert into ours_postgresql ${OURS} select encode(sha256(convert_to(gen_random_uuid()::text, 'utf8')), 'hex'), $1, 0, now(), now(), ` +
      `now() + interval '6 hours' + random() * interval '18 hours' from generate_series(1, ${rows})`,
  },
  'connect-pg-simple': {
    count: 'select count(*)::int as rows from session',
    insert: (rows) =>
      `insert into session (sid, sess, expire) select translate(substr(encode(sha256(convert_to(gen_random_uuid()::text, 'utf8')), 'base64'), 1, 32), '+/', '-_'), ` +
      `$1::json, now() + interval '6 hours' + random() * interval '18 hours' from generate_series(1, ${rows})`,
  },
  'ours-mariadb': {
    count: 'select count(*) as `rows` from ours_mariadb',
    insert: (rows) =>
      `insert into ours_mariadb ${OURS} select sha2(concat(uuid(), rand()), 256), ?, 0, utc_timestamp(3), utc_timestamp(3), ` +
      `utc_timestamp(3) + interval 21600 + floor(rand() * 64800) second from seq_1_to_${rows}`,
  },
  'ours-sqlite': {
    count: 'select count(*) as rows from ours_sqlite',
    insert: (rows) =>
      `with recursive counter (n) as (select 1 union all select n + 1 from counter where n < ${rows}) ` +
      `insert into ours_sqlite ${OURS} select lower(hex(randomblob(32))), ?, 0, unixepoch() * 1000, unixepoch() * 1000, ` +
      `unixepoch() * 1000 + 21600000 + abs(random() % 64800000) from counter`,
  },
};

/** Fills a store's table up to this many rows. */
export async function fillTable(store: StoreDefinition, addresses: Addresses, rows: number): Promise<void> {
  const filling = FILLINGS[store.id];
  if (!filling) throw new Error(`The table of ${store.id} cannot be filled: its rows are not defined in fill-table.ts.`);
  const database = await connect(store, addresses);
  try {
    const [counted] = await database.run(filling.count);
    const data = JSON.stringify({ cookie: { originalMaxAge: null, expires: null }, ...sampleSession(USUAL_BYTES) });
    for (let missing = rows - Number(counted?.rows); missing > 0; missing -= BATCH)
      await database.run(filling.insert(Math.min(missing, BATCH)), data);
    await database.run(database.afterwards);
  } finally {
    await database.close();
  }
}

interface Connection {
  run(sql: string, ...parameters: string[]): Promise<Record<string, unknown>[]>;
  /** Updates the statistics and does other work that would happen during the runs. */
  readonly afterwards: string;
  close(): Promise<void>;
}

async function connect(store: StoreDefinition, addresses: Addresses): Promise<Connection> {
  if (store.database === 'postgresql') return connectPostgreSql(addresses, store);
  return store.database === 'mariadb' ? connectMariaDb(addresses) : connectSqlite(addresses, store);
}

async function connectPostgreSql({ postgresql }: Addresses, { id }: StoreDefinition): Promise<Connection> {
  const client = new pg.Client(required(postgresql));
  await client.connect();
  return {
    run: async (sql, ...parameters) => (await client.query<Record<string, unknown>>(sql, parameters)).rows,
    afterwards: `vacuum analyze ${id === 'connect-pg-simple' ? 'session' : 'ours_postgresql'}`,
    close: () => client.end(),
  };
}

async function connectMariaDb({ mariadb }: Addresses): Promise<Connection> {
  const connection = await createConnection(required(mariadb));
  return {
    run: async (sql, ...parameters) => (await connection.query(sql, parameters))[0] as unknown as Record<string, unknown>[],
    afterwards: 'analyze table ours_mariadb',
    close: () => connection.end(),
  };
}

async function connectSqlite({ folder }: Addresses, { id }: StoreDefinition): Promise<Connection> {
  const database = new Database(join(folder, `${id}.sqlite`));
  database.pragma('busy_timeout = 5000');
  return {
    run: async (sql, ...parameters) => {
      const statement = database.prepare<string[], Record<string, unknown>>(sql);
      if (statement.reader) return statement.all(...parameters);
      statement.run(...parameters);
      return [];
    },
    afterwards: 'analyze',
    close: async () => void database.close(),
  };
}
