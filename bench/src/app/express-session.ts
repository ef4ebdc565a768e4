import type { INestApplication } from '@nestjs/common';
import session from 'express-session';
import type { OpenedStore } from './opened-store.js';
import { EndingController } from './ending.controller.js';
import { SessionController } from './session.controller.js';
import type { StatementCounter } from './statement-counter.js';

/** The secret that signs the cookies of all stores. */
export const SECRET = 'signs the cookies of all stores in a benchmark';

/** Returns an app with express-session in its `main.ts`, as the stores' READMEs show it. */
export function expressSession(store: session.Store, statements: StatementCounter, close?: OpenedStore['close']): OpenedStore {
  return {
    module: { controllers: [SessionController, EndingController] },
    mount: (app: INestApplication) => {
      app.use(session({ store, secret: SECRET, resave: false, saveUninitialized: false, cookie: { httpOnly: true, sameSite: 'lax' } }));
    },
    statements,
    ...(close ? { close } : {}),
  };
}
