import type { Database } from 'better-sqlite3';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import knex, { type Knex } from 'knex';
import { POOL_SIZE, required, type Addresses } from '../../servers/addresses.js';
import type { StoreDefinition } from '../../stores/store-definition.js';
import { countMySql, countPostgreSql, countSqlite, sqliteFile } from '../drivers.js';
import { expressSession } from '../express-session.js';
import type { OpenStore } from '../opened-store.js';

const TABLE = 'knex_sessions';

/** Opens connect-session-knex with knex and the driver of the definition. */
export const open: OpenStore = async (definition, addresses) => {
  const connection = knex(configOf(definition, addresses));
  const store = new ConnectSessionKnexStore({ knex: connection, tableName: TABLE, createTable: true });
  return expressSession(store, await counterOf(definition), () => connection.destroy());
};

function configOf(definition: StoreDefinition, addresses: Addresses): Knex.Config {
  const client = definition.settings.client!;
  if (definition.database !== 'sqlite') {
    const server = required(addresses[definition.database as 'postgresql' | 'mariadb']);
    return { client, connection: server, pool: { min: 0, max: POOL_SIZE } };
  }
  return {
    client,
    connection: { filename: sqliteFile(definition, addresses) },
    useNullAsDefault: true,
    // knex opens a file once, whatever the size of its pool.
    pool: { min: 1, max: 1, afterCreate: useWriteAheadLog },
  };
}

function useWriteAheadLog(database: Database, done: (error: null, database: Database) => void): void {
  database.pragma('journal_mode = wal');
  done(null, database);
}

async function counterOf({ database }: StoreDefinition) {
  if (database === 'sqlite') return countSqlite();
  return database === 'postgresql' ? countPostgreSql() : countMySql();
}
