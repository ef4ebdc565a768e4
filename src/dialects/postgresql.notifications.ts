import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Notifications } from './notifications.js';

/** The used part of pg's client. */
interface PgClient extends EventEmitter {
  readonly connection: { readonly stream: Socket };
  connect(): Promise<unknown>;
  query(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

/** The used part of pg's pool. */
interface PgPool {
  readonly Client: new (options: object) => PgClient;
  readonly options: object;
}

/** The silence before the system asks a server whether it is still there, in ms. */
const KEEP_ALIVE = 10_000;

/** `LISTEN` and `NOTIFY`. A pooler in transaction mode does not support them. */
export const postgresqlNotifications: Notifications = {
  notify: 'select pg_notify($1, text) from unnest(cast($2 as text[])) as text',

  async open(pool) {
    const { Client, options } = pool as PgPool;
    const client = new Client(options);
    // Without a listener, a lost connection would end the process.
    client.on('error', () => {});
    await client.connect();
    return client;
  },

  async listen(connection, channel, hear, lose) {
    const client = connection as PgClient;
    client.connection.stream.setKeepAlive(true, KEEP_ALIVE).unref();
    client.on('notification', ({ payload = '' }: { readonly payload?: string }) => hear(payload));
    client.once('end', lose);
    const close = () => client.off('end', lose).end();
    try {
      await client.query(`listen ${channel}`);
      return close;
    } catch (error) {
      await close().catch(() => undefined);
      throw error;
    }
  },
};
