// Compiled by `npm run check`, never run: what must not compile is marked, and an unused mark is an error.
import type { INestApplication, INestMicroservice } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { TestingModule } from '@nestjs/testing';
import type { Response as InjectedResponse } from 'light-my-request';
import type { Response as SupertestResponse } from 'supertest';
import { ageSession, readSession, sessionCookie, sessionHeaders, type SessionCarrier, type TestedApp } from '../../src/index.js';

declare module 'express-session' {
  interface SessionData {
    typedCount?: number;
  }
}

/** The values that may be passed. */
export function passed(app: INestApplication, service: INestMicroservice, testing: TestingModule, ref: ModuleRef): TestedApp[] {
  return [app, service, testing, ref];
}

/** The places of a session. */
export function places(fetched: Response, sent: SupertestResponse, injected: InjectedResponse): SessionCarrier[] {
  return [fetched, sent, injected, 'sid=1', ['sid=1; Path=/'], { cookie: 'sid=1' }];
}

/** The values are those that the app has declared. */
export async function values(app: INestApplication): Promise<number | undefined> {
  const cookie: string = await sessionCookie(app, { typedCount: 1 });
  // @ts-expect-error a value of another type
  await sessionCookie(app, { typedCount: 'one' });
  // @ts-expect-error a key that is not declared
  await sessionHeaders(app, { typedCounts: 1 });
  // @ts-expect-error the cookie is no value
  await sessionCookie(app, { cookie: {} });
  // @ts-expect-error a time that is no number
  await ageSession(app, cookie, '1s');
  const session = await readSession(app, await sessionHeaders(app));
  // @ts-expect-error there may be no session
  if (session.typedCount === 1) return 1;
  return session?.typedCount;
}
