import type { Request, Response } from 'express';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import type { Platform } from './platform.js';

/** The used part of Fastify's objects. */
interface Wrapper<Raw> {
  readonly raw: Raw;
}

interface Routed {
  readonly routeOptions?: { readonly url?: string };
}

/** The used part of a Fastify server. */
interface FastifyServer {
  /** Comes from the plugin @fastify/middie, which Nest registers. */
  readonly use?: unknown;
  hasRequestDecorator(name: string): boolean;
  decorateRequest(
    name: string,
    accessor: { getter(this: Wrapper<Request>): unknown; setter(this: Wrapper<Request>, value: unknown): void },
  ): void;
}

/** What express-session sets on Node's request, and handlers read from Fastify's. */
const SHARED = ['session', 'sessionID', 'sessionStore'] as const;

/** Fastify: its objects wrap Node's. Its middleware runs on Node's, its handlers get the wrappers. */
export const fastifyPlatform: Platform = {
  delaysAnswers: true,
  prepare(server, isMounted) {
    const fastify = server as FastifyServer;
    if (isMounted && fastify.use === undefined) throw withoutMiddleware();
    for (const name of SHARED) {
      if (fastify.hasRequestDecorator(name)) throw alreadyDecorated(name);
      fastify.decorateRequest(name, {
        getter() {
          return this.raw[name];
        },
        setter(value) {
          Object.assign(this.raw, { [name]: value });
        },
      });
    }
  },
  requestOf: (request) => (request as Partial<Wrapper<Request>>).raw,
  routeOf: (request) => (request as Routed).routeOptions?.url,
  responseOf: (response) => (response as Wrapper<Response>).raw,
};

function withoutMiddleware(): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'mount',
    "the server has no middleware, because of the adapter's option `skipMiddie`",
    'Remove that option, or register @fastify/middie with `await app.register(middie)` before the app is initialized.',
  );
}

function alreadyDecorated(name: string): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'mount',
    `another plugin, such as @fastify/session, has already set \`request.${name}\``,
    'Remove that plugin, or a second SmartSessionModule.',
  );
}
