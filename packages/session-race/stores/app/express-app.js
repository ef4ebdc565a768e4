import express from 'express';
import session from 'express-session';
import { answer } from './routes.js';

/**
 * An app of Express with a store of express-session.
 *
 * @param {import('express-session').Store} store
 * @param {object} options of express-session, besides the store
 */
export function expressApp(store, options = {}) {
  const app = express();
  app.use(session({ store, secret: 'of the race', resave: false, saveUninitialized: false, ...options }));
  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes on what it rejects with.
  app.use(async (req, res) => res.json(await answer(req, liveSession(req))));
  return app;
}

/** The session of a request of express-session. */
export function liveSession(req) {
  return {
    values: () => req.session,
    set: (key, value) => (req.session[key] = value),
    end: () => new Promise((resolve, reject) => req.session.destroy((error) => (error ? reject(error) : resolve()))),
  };
}
