import fastifySecureSession from '@fastify/secure-session';
import cookieSession from 'cookie-session';
import express from 'express';
import fastify from 'fastify';
import { getIronSession } from 'iron-session';
import Koa from 'koa';
import koaSession from 'koa-session';
import { answer } from '../app/routes.js';

const HOUR = 3_600;

export const ofExpress = {
  name: 'cookie-session',
  link: 'https://github.com/expressjs/cookie-session',
  packages: ['express'],
  server: 'cookie',
  rows: { '': openCookieSession },
};

export const ofFastify = {
  name: '@fastify/secure-session',
  link: 'https://github.com/fastify/fastify-secure-session',
  packages: ['fastify'],
  server: 'cookie',
  rows: { '': openSecureSession },
};

export const ofIron = {
  name: 'iron-session',
  link: 'https://github.com/vvo/iron-session',
  packages: ['express'],
  server: 'cookie',
  rows: { '': openIronSession },
};

export const ofKoa = {
  name: 'koa-session',
  link: 'https://github.com/koajs/session',
  packages: ['koa'],
  server: 'cookie',
  rows: { '': () => openKoaSession() },
};

function openCookieSession() {
  const app = express();
  app.use(cookieSession({ name: 'session', keys: ['one secret'], maxAge: 24 * HOUR * 1000 }));
  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes on what it rejects with.
  app.use(async (req, res) => {
    const live = {
      values: () => req.session,
      set: (key, value) => (req.session[key] = value),
      end: () => (req.session = null),
    };
    res.json(await answer(req, live));
  });
  return app;
}

async function openSecureSession() {
  const app = fastify();
  app.register(fastifySecureSession, { key: Buffer.alloc(32, 7), expiry: 24 * HOUR, cookie: { path: '/' } });
  app.all('/*', (request) => {
    const { session } = request;
    return answer(request, {
      values: () => session.data(),
      set: (key, value) => session.set(key, value),
      end: () => session.delete(),
    });
  });
  await app.ready();
  return (request, response) => app.routing(request, response);
}

function openIronSession() {
  const app = express();
  const options = { password: 'a password with at least 32 characters', cookieName: 'iron', cookieOptions: { secure: false } };
  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes on what it rejects with.
  app.use(async (req, res) => {
    const session = await getIronSession(req, res, options);
    const live = {
      values: () => session,
      set: (key, value) => ((session[key] = value), session.save()),
      end: () => session.destroy(),
    };
    res.json(await answer(req, live));
  });
  return app;
}

/** @param {object} options of koa-session. Without a store, the cookie holds the session. */
export function openKoaSession(options = {}) {
  const app = new Koa();
  app.keys = ['some secret'];
  app.silent = true;
  app.use(koaSession({ key: 'koa.sess', maxAge: 24 * HOUR * 1000, ...options }, app));
  app.use(async (ctx) => {
    ctx.body = await answer(ctx.req, {
      values: () => ctx.session?.toJSON(),
      set: (key, value) => (ctx.session[key] = value),
      end: () => (ctx.session = null),
    });
  });
  return app.callback();
}
