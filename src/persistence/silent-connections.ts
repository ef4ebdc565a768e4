import type { Socket } from 'node:net';
import type { MikroORM } from '@mikro-orm/core';
import { dialectOfDriver } from '../dialects/dialect-of-driver.js';
import type { Dialect } from '../dialects/dialect.js';
import { ClientConnection } from './client-connection.js';
import { kindsOf } from './client-database.js';
import { ormConnection } from './mikro-orm/versions.js';
import type { SqlConnection } from './sql-connection.js';

/**
 * Ends each connection of a pool that has been silent for a time, also an idle one, so that the pool opens new ones. A
 * network may drop packets without a notice. Then a statement gets no answer and keeps its place in the pool until the operating
 * system gives up, after about 15 minutes. A statement that takes longer than `ms` fails.
 *
 * @param database MikroORM, or a client as the option `client` takes it. Without a server nothing happens. Nor does it if the driver
 *   hides its sockets, as MikroORM 6's driver for MariaDB does: there give `driverOptions: { connection: { socketTimeout: ms } }`
 * @param ms the longest silence
 * @throws SmartSessionConfigError for an object that is neither
 * @example await endSilentConnections(app.get(MikroORM), 30_000);
 */
export async function endSilentConnections(database: object, ms: number): Promise<void> {
  if (!isMikroOrm(database)) {
    const [{ dialect, kind }] = kindsOf(database);
    if (dialect.socketOf) await endSilentOnes(new ClientConnection(kind.open(database), dialect), dialect, ms);
    return;
  }
  const dialect = await dialectOfDriver(database.em.getDriver().constructor);
  if (dialect) await endSilentOnes(ormConnection(database.em.getConnection(), dialect), dialect, ms);
}

/** Does the same for a known dialect. */
export async function endSilentOnes(connection: SqlConnection, dialect: Dialect, ms: number): Promise<void> {
  if (!dialect.socketOf) return;
  const { socketOf } = dialect;
  const watched = new WeakSet<Socket>();
  await connection.onAcquire((lent) => {
    const socket = socketOf(lent);
    if (!socket || watched.has(socket)) return;
    watched.add(socket);
    socket.setTimeout(ms, () => socket.destroy());
  });
}

function isMikroOrm(database: object): database is MikroORM {
  return 'em' in database;
}
