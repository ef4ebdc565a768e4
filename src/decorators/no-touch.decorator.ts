import { SetMetadata } from '@nestjs/common';

/** Where the decorator leaves whether it applies. */
export const NO_TOUCH = Symbol.for('nestjs-smart-session NoTouch');

/**
 * Lets requests to a handler, or to each handler of a controller, not extend the session, for what a page
 * polls: who only leaves it open shall be logged out in time. What such a request changes is stored, and its
 * expiry stays; a max age that the handler chooses applies, and a session that is new lives its usual time.
 * This holds also for a request that a guard refuses, but for a global guard that runs before those of
 * `SmartSessionModule`: one that the root module provides, or a module that is imported before it. An
 * `update()` by session id is not the request's, and extends as always.
 *
 * @param applies false lets one handler of such a controller extend the session
 * @example
 * \@Get('unread')
 * \@NoTouch()
 * countUnread(\@Session() session: SessionData) { … }
 */
export function NoTouch(applies = true): MethodDecorator & ClassDecorator {
  return SetMetadata(NO_TOUCH, applies);
}
