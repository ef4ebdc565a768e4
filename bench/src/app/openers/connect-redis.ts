import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { required } from '../../servers/addresses.js';
import { expressSession } from '../express-session.js';
import type { OpenStore } from '../opened-store.js';
import { RedisCounter } from '../statement-counter.js';

/** Opens connect-redis with one client of `redis`, as its README shows. */
export const open: OpenStore = async ({ settings }, { redis }) => {
  const port = required(redis[settings.durability!]);
  const client = createClient({ socket: { host: '127.0.0.1', port } });
  await client.connect();
  const store = new RedisStore({ client, prefix: 'bench:' });
  return expressSession(store, new RedisCounter(client), () => client.close());
};
