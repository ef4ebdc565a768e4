import type { IncomingMessage } from 'node:http';
import type { Context } from 'graphql-ws';
import type { SessionService } from 'nestjs-smart-session';
import type { WebSocket } from 'ws';

/** A WebSocket of graphql-ws. Resolvers get it as `@Context('req')`. */
export type Connection = Context<undefined, { request: IncomingMessage; socket: WebSocket; sessionId?: string }>;

/** Refuses a WebSocket without a session, and closes it when its session ends. */
export function connectTo(sessions: SessionService) {
  return async ({ extra }: Connection): Promise<boolean> => {
    const bound = sessions.bind(extra.socket, extra.request);
    extra.sessionId = bound?.sessionId;
    return (await bound?.watch.checked) ?? false;
  };
}
