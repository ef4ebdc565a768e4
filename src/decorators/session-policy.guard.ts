import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { NO_TOUCH } from './no-touch.decorator.js';
import { READ_ONLY_SESSION } from './read-only-session.decorator.js';
import { CurrentPlatform } from '../platforms/current-platform.js';
import { SessionStates } from '../protocol/session-states.js';

/**
 * Puts the request's session under the policy of its handler's decorators. It refuses no request. It is a guard rather than
 * an interceptor, so that the policy also applies if a later guard refuses the request.
 */
@Injectable()
export class SessionPolicyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly states: SessionStates,
    private readonly platform: CurrentPlatform,
  ) {}

  canActivate(context: ExecutionContext): true {
    if (context.getType() !== 'http') return true;
    const request = this.platform.requestOf(context);
    const keepsExpiry = this.#isUnder(NO_TOUCH, context);
    const isReadOnly = this.#isUnder(READ_ONLY_SESSION, context);
    if (request.session && (keepsExpiry || isReadOnly) && this.states.isServing(request))
      this.states.setPolicy(request.session, { keepsExpiry, isReadOnly });
    return true;
  }

  #isUnder(decorator: symbol, context: ExecutionContext): boolean {
    return this.reflector.getAllAndOverride<boolean | undefined>(decorator, [context.getHandler(), context.getClass()]) ?? false;
  }
}
