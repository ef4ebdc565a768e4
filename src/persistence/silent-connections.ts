import type { Socket } from 'node:net';
import type { MikroORM } from '@mikro-orm/core';
import { dialectOfDriver } from '../dialects/dialect-of-driver.js';
import type { Dialect } from '../dialects/dialect.js';
import { ormConnection } from './mikro-orm/versions.js';

/**
 * Ends each connection of MikroORM's pool on which nothing was heard for a time, idle ones too, so that the pool opens
 * others. A network that swallows what is sent tells nobody: a statement on such a connection has no answer, and holds its
 * place in the pool, until the operating system gives up after a quarter of an hour. A statement that takes longer fails.
 *
 * @param orm one whose database is a server; any other is left as it is, and so is one whose driver hides its sockets,
 *   as MikroORM 6's for MariaDB does: there give `driverOptions: { connection: { socketTimeout: ms } }`
 * @param ms the longest silence
 * @example
 * await endSilentConnections(app.get(MikroORM), 30_000);
 */
export async function endSilentConnections(orm: MikroORM, ms: number): Promise<void> {
  const dialect = await dialectOfDriver(orm.em.getDriver().constructor);
  if (dialect) await endSilentOnes(orm, dialect, ms);
}

/** The same where the dialect is known. */
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
