import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import fastify from 'fastify';
import { answer } from '../app/routes.js';
import { openStore } from './connect-redis.js';

const about = { link: 'https://github.com/fastify/session', package: '@fastify/session' };

export const inMemory = {
  ...about,
  name: '@fastify/session',
  packages: ['fastify'],
  server: 'process',
  rows: { '': () => openApp() },
};

export const onRedis = {
  ...about,
  name: '@fastify/session, connect-redis',
  packages: ['connect-redis', 'redis', 'fastify'],
  server: 'redis',
  rows: { '': async (at) => openApp({ store: await openStore(at) }) },
};

async function openApp(options = {}) {
  const app = fastify();
  app.register(fastifyCookie);
  app.register(fastifySession, {
    secret: 'a secret with a length of at least 32 characters',
    cookie: { secure: false },
    saveUninitialized: false,
    ...options,
  });
  app.all('/*', (request) => answer(request, liveSession(request)));
  await app.ready();
  return (request, response) => app.routing(request, response);
}

function liveSession({ session }) {
  return {
    values: () => session && JSON.parse(JSON.stringify(session)),
    set: (key, value) => session.set(key, value),
    end: () => session.destroy(),
  };
}
