import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import type { SessionService } from '../../src/index.js';

/** The options of GraphQLModule for Mercurius. */
export function mercuriusOptions(sessions: SessionService): Omit<MercuriusDriverConfig, 'driver'> {
  return {
    autoSchemaFile: true,
    subscription: {
      context: (socket, request) => ({ sessionId: sessions.bind(socket, request.raw)?.sessionId }),
    },
  };
}
