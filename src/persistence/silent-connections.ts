import type { Socket } from 'node:net';
import type { MikroORM } from '@mikro-orm/core';
import { dialectOfDriver } from '../dialects/dialect-of-driver.js';
import type { Dialect } from '../dialects/dialect.js';
import { ormConnection } from './mikro-orm/versions.js';

/**
 * Ends each connection of MikroORM's pool that has been silent for a time, also an idle one, so that the pool opens new ones. A
 * network may drop packets without a notice. Then a statement gets no answer and keeps its place in the pool until the operating
 * system gives up, after about 15 minutes. A statement that takes longer than `ms` fails.
 *
 * @param orm MikroORM for a database server. For any other database nothing happens. Nor does it if the driver hides its sockets,
 *   as MikroORM 6's driver for MariaDB does: there give `driverOptions: { connection: { socketTimeout: ms } }`
 * @param ms the longest silence
 * @example await endSilentConnections(app.get(MikroORM), 30_000);
 */
export async function endSilentConnections(orm: MikroORM, ms: number): Promise<void> {
  const dialect = await dialectOfDriver(orm.em.getDriver().constructor);
  if (dialect) await endSilentOnes(orm, dialect, ms);
}

/** Does the same for a known dialect. */
export async function endSilentOnes(orm: MikroORM, dialect: Dialect, ms: number): Promise<void> {
  if (!dialect.socketOf) return;
  const { socketOf } = dialect;
  const watched = new WeakSet<Socket>();
  await ormConnection(orm.em.getConnection(), dialect).onAcquire((connection) => {
    const socket = socketOf(connection);
    if (!socket || watched.has(socket)) return;
    watched.add(socket);
    socket.setTimeout(ms, () => socket.destroy());
  });
}
