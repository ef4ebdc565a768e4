import { CompiledQuery, type DatabaseConnection } from 'kysely';
import type { DialectName } from '../../src/index.js';
import { CONNECTIONS } from './databases.js';
import { onDatabase } from './own-server.js';

/** A database whose server can end a connection by its id. */
export type ServerName = Exclude<DialectName, 'sqlite'>;

const OF_MYSQL = { own: 'select connection_id() as id', end: (id: number) => `kill connection ${id}` };

const STATEMENTS = {
  postgresql: { own: 'select pg_backend_pid() as id', end: (id: number) => `select pg_terminate_backend(${id})` },
  mysql: OF_MYSQL,
  mariadb: OF_MYSQL,
} as const;

/** Returns MikroORM's options for connections whose ids are added to a list. */
export function noteConnections(database: ServerName, ids: number[]): object {
  const onCreateConnection = async (connection: DatabaseConnection): Promise<void> => {
    const { rows } = await connection.executeQuery<{ id: number }>(CompiledQuery.raw(STATEMENTS[database].own));
    ids.push(Number(rows[0]!.id));
  };
  return { onCreateConnection };
}

/** Lets the server end connections. Returns how many there were. */
export async function endConnections(database: ServerName, ids: readonly number[]): Promise<number> {
  const { driver: _, ...address } = CONNECTIONS[database];
  return onDatabase(database, address, async (run) => {
    // One that has ended before cannot be ended.
    const ended = await Promise.allSettled(ids.map((id) => run(STATEMENTS[database].end(id))));
    return ended.filter(({ status }) => status === 'fulfilled').length;
  });
}
