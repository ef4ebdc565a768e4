import { callbackify, promisify } from 'node:util';
import { Module, type INestApplication } from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import type { RequestHandler } from 'express';
import session from 'express-session';
import { SmartSessionModule, SmartSessionStore } from 'nestjs-smart-session';
import ormOptions from '../mikro-orm.config.js';
import { sessionOptions } from '../session-options.js';
import { LiveController } from './live.controller.js';
import { MeasuredStore } from './measured-store.js';
import { PLAIN_STORES, plainStore } from './plain-stores/index.js';
import type { PlainStore } from './plain-stores/plain-store.js';
import type { Side } from './race-event.js';
import { RacingController } from './racing.controller.js';
import { CommitRecorder, HEADERS, record, recordRequests } from './recorder.js';
import { RecordingRepository } from './recording.repository.js';

@Module({
  imports: [
    MikroOrmModule.forRoot(ormOptions),
    SmartSessionModule.forRoot({ ...sessionOptions, repository: RecordingRepository, pruneInterval: false }),
  ],
  controllers: [RacingController, LiveController],
  // The root module's interceptors are outside those of its imports.
  providers: [{ provide: APP_INTERCEPTOR, useClass: CommitRecorder }],
})
class SmartApp {}

@Module({ controllers: [RacingController] })
class LastWriteApp {}

/** Starts both apps on one database, with the same handlers: one on this library, one on express-session with the plain stores. */
export async function startRacingApps(): Promise<Record<Side, INestApplication>> {
  const smart = await NestFactory.create(SmartApp, { logger: ['error', 'warn'] });
  smart.use(recordRequests('smart'));
  timeLoads(smart.get(SmartSessionStore));

  const lastWrite = await NestFactory.create(LastWriteApp, { logger: ['error', 'warn'] });
  lastWrite.use(recordRequests('lastWrite'));
  lastWrite.use(await plainSessions());

  for (const app of [smart, lastWrite]) await app.listen(0, '127.0.0.1');
  return { smart, lastWrite };
}

/** Returns a middleware that uses the plain store that the request names. */
async function plainSessions(): Promise<RequestHandler> {
  const middlewares = new Map<PlainStore, RequestHandler>();
  for (const plain of PLAIN_STORES) {
    const store = new MeasuredStore(await plain.open());
    middlewares.set(plain, session({ store, secret: sessionOptions.secret, resave: false, saveUninitialized: false }));
  }
  return (request, response, next) => middlewares.get(plainStore(request.headers[HEADERS.store]))!(request, response, next);
}

/** Measures loads at the store. */
function timeLoads(store: SmartSessionStore): void {
  const load = promisify(store.get.bind(store));
  store.get = (sessionId, callback = () => {}) => callbackify(() => record('load', () => load(sessionId)))(callback);
}
