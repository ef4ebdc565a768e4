import { Injectable, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Request, Response } from 'express';
import { UnsupportedAdapterError } from '../smart-session.errors.js';
import { expressPlatform } from './express.platform.js';
import { fastifyPlatform } from './fastify.platform.js';
import type { Platform } from './platform.js';
import { requestOfResolver } from './resolver-call.js';

/** The platforms, by the type of Nest's HTTP adapter. */
const PLATFORMS: Readonly<Record<string, Platform>> = { express: expressPlatform, fastify: fastifyPlatform };

/** The platform of the app. */
@Injectable()
export class CurrentPlatform {
  #platform: Platform | undefined;

  /** @internal Called by Nest. */
  constructor(private readonly host: HttpAdapterHost) {}

  /**
   * Gives handlers `request.session`.
   *
   * @throws UnsupportedAdapterError for an adapter of another platform
   * @param isMounted whether the module mounts its middleware
   * @throws SmartSessionConfigError if something else has set `request.session`, or if the server has no middleware
   */
  prepare(isMounted: boolean): void {
    this.#current.prepare(this.host.httpAdapter.getInstance(), isMounted);
  }

  /**
   * Returns the request whose session a handler or a resolver works on. Undefined if there is none, such as for a message. Some
   * packages call their handlers as HTTP's, with arguments of their own.
   */
  requestOf(context: ExecutionContext): Request | undefined {
    const given = givenTo(context);
    return Object(given) === given && this.host.httpAdapter ? this.#current.requestOf(given as object) : undefined;
  }

  /** Returns the path of the route that a request has reached; undefined if there is no request. See `Platform`. */
  routeOf(context: ExecutionContext): string | undefined {
    const given = givenTo(context);
    return Object(given) === given && this.host.httpAdapter ? this.#current.routeOf(given as object) : undefined;
  }

  /** Returns the response that the gate holds. */
  responseOf(context: ExecutionContext): Response {
    return this.#current.responseOf(context.switchToHttp().getResponse());
  }

  /** See `Platform`. */
  get delaysAnswers(): boolean {
    return this.#current.delaysAnswers;
  }

  /** Nest sets the adapter of a testing module after it has made the providers. */
  get #current(): Platform {
    return (this.#platform ??= platformOf(this.host));
  }
}

function givenTo(context: ExecutionContext): unknown {
  const type: string = context.getType();
  if (type === 'http') return context.switchToHttp().getRequest();
  return type === 'graphql' ? requestOfResolver(context.getArgs()) : undefined;
}

function platformOf({ httpAdapter }: HttpAdapterHost): Platform {
  const type: unknown = httpAdapter.getType?.();
  const platform = typeof type === 'string' && Object.hasOwn(PLATFORMS, type) ? PLATFORMS[type] : undefined;
  if (!platform) throw new UnsupportedAdapterError(`${httpAdapter.constructor.name} (of type ${JSON.stringify(type) ?? 'undefined'})`);
  return platform;
}
