import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { expressApp } from '../app/express-app.js';

export default {
  name: 'connect-redis',
  link: 'https://github.com/tj/connect-redis',
  packages: ['redis', 'express-session'],
  server: 'redis',
  rows: { '': async (at) => expressApp(await openStore(at)) },
};

export async function openStore(at) {
  return new RedisStore({ client: await openRedis(at), prefix: 'myapp:' });
}

export async function openRedis({ host, port }) {
  const client = createClient({ socket: { host, port } });
  // Without a listener, the client's errors end the process, as its documentation says.
  client.on('error', () => {});
  await client.connect();
  return client;
}
