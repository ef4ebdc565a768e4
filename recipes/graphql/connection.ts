import type { IncomingMessage } from 'node:http';
import type { Context } from 'graphql-ws';
import type { SessionService } from 'nestjs-smart-session';
import type { WebSocket } from 'ws';

/** A WebSocket of graphql-ws. Resolvers get it as `@Context('req')`. */
export type Connection = Context<undefined, { request: IncomingMessage; socket: WebSocket; sessionId?: string }>;

/** Finds the session of a WebSocket by the cookie of its handshake. Refuses a socket without a session. */
export function connectTo(sessions: SessionService) {
  return async ({ extra }: Connection): Promise<boolean> => {
    extra.sessionId = sessions.idOf(extra.request);
    return extra.sessionId !== undefined && (await sessions.load(extra.sessionId)) !== undefined;
  };
}
