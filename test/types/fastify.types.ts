// Compiled by `npm run check`, never run.
import type { FastifyRequest } from 'fastify';
import type { SessionService } from '../../src/index.js';
import '../../src/fastify.js';

/** A handler of an app on Fastify logs a user in. */
export async function logIn(sessions: SessionService, request: FastifyRequest): Promise<string> {
  await sessions.regenerate(request);
  request.session.cookie.maxAge = 1000;
  return request.sessionID;
}
