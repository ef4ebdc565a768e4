import type { Socket } from 'node:net';
import type { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { dialectOfDriver } from '../dialects/index.js';

/**
 * Ends each connection of MikroORM's pool on which nothing was heard for a time, idle ones too, so that the pool opens
 * others. A network that swallows what is sent tells nobody: a statement on such a connection has no answer, and holds its
 * place in the pool, until the operating system gives up after a quarter of an hour. A statement that takes longer fails.
 *
 * @param orm one whose database is a server; any other is left as it is
 * @param ms the longest silence
 * @example
 * await endSilentConnections(app.get(MikroORM), 30_000);
 */
export async function endSilentConnections(orm: MikroORM, ms: number): Promise<void> {
  const dialect = dialectOfDriver(orm.em.getDriver().constructor.name);
  if (!dialect?.onAcquire) return;
  // None where MikroORM was given a ready client: its pool is nobody's here.
  const pool = await (orm.em.getConnection() as AbstractSqlConnection).getNativeClient().catch(() => undefined);
  if (!pool) return;
  const watched = new WeakSet<Socket>();
  dialect.onAcquire(pool, (socket) => {
    if (watched.has(socket)) return;
    watched.add(socket);
    socket.setTimeout(ms, () => socket.destroy());
  });
}
