import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { NO_TOUCH } from './no-touch.decorator.js';
import { READ_ONLY_SESSION } from './read-only-session.decorator.js';
import type { Request } from 'express';
import { noteRoute } from '../live/request-route.js';
import type { SessionPolicy } from '../live/session-policy.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { CurrentPlatform } from '../platforms/current-platform.js';
import { isRootResolver } from '../platforms/resolver-call.js';
import { SessionStates } from '../protocol/session-states.js';

/**
 * Puts the request's session under the policy of its handler's decorators. It refuses no request. It is a guard rather than
 * an interceptor, so that the policy also applies if a later guard refuses the request.
 */
@Injectable()
export class SessionPolicyGuard implements CanActivate {
  readonly #ofResolvers = new WeakMap<Request, SessionPolicy>();

  constructor(
    private readonly reflector: Reflector,
    private readonly states: SessionStates,
    private readonly platform: CurrentPlatform,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  canActivate(context: ExecutionContext): true {
    const request = this.platform.requestOf(context);
    if (!request?.session || !this.states.isServing(request)) return true;
    if (this.options.detectOverwrites || this.observers.notesRoutes) noteRoute(request, this.platform.routeOf(context));
    const own = { keepsExpiry: this.#isUnder(NO_TOUCH, context), isReadOnly: this.#isUnder(READ_ONLY_SESSION, context) };
    const policy = context.getType<string>() === 'graphql' ? this.#ofAllResolvers(request, own, context.getArgs()) : own;
    if (isOther(policy, this.states.policyOf(request.session))) this.states.setPolicy(request.session, policy);
    return true;
  }

  /** A request may run several resolvers. A decorator applies to the request if each of them has it. */
  #ofAllResolvers(request: Request, own: SessionPolicy, args: readonly unknown[]): SessionPolicy {
    const others = this.#ofResolvers.get(request);
    if (others && !isRootResolver(args)) return others;
    const all = {
      keepsExpiry: own.keepsExpiry && (others?.keepsExpiry ?? true),
      isReadOnly: own.isReadOnly && (others?.isReadOnly ?? true),
    };
    this.#ofResolvers.set(request, all);
    return all;
  }

  #isUnder(decorator: symbol, context: ExecutionContext): boolean {
    return this.reflector.getAllAndOverride<boolean | undefined>(decorator, [context.getHandler(), context.getClass()]) ?? false;
  }
}

function isOther(one: SessionPolicy, other: SessionPolicy): boolean {
  return one.keepsExpiry !== other.keepsExpiry || one.isReadOnly !== other.isReadOnly;
}
