import type { Session, SessionData } from 'express-session';
export type { FastifyRequest } from 'fastify';

// The types of an app on Fastify: `import 'nestjs-smart-session/fastify'` declares the session of its requests.
declare module 'fastify' {
  interface FastifyRequest {
    /** The session of this request, with the values that the app declares in `SessionData`. */
    session: Session & Partial<SessionData>;
    /** The id of the session. */
    sessionID: string;
  }
}
