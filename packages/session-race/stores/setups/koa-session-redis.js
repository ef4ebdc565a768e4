import { openRedis } from './connect-redis.js';
import { openKoaSession } from './held-in-cookies.js';

export default {
  name: 'koa-session, external store',
  package: 'koa-session',
  link: 'https://github.com/koajs/session#external-session-stores',
  packages: ['redis', 'koa'],
  server: 'redis',
  rows: { '': openApp },
};

/** The three methods that the README asks for. */
async function openApp(at) {
  const client = await openRedis(at);
  return openKoaSession({
    store: {
      get: async (key) => JSON.parse(await client.get(key)),
      set: (key, session, maxAge) => client.set(key, JSON.stringify(session), { expiration: { type: 'PX', value: maxAge } }),
      destroy: (key) => client.del(key),
    },
  });
}
