import { SetMetadata } from '@nestjs/common';

/** The metadata key under which the decorator says whether it applies. */
export const NO_TOUCH = Symbol.for('nestjs-smart-session NoTouch');

/**
 * Requests to this handler, or to each handler of this controller, do not extend the session. Use it for what a page
 * polls, so that a user who only leaves the page open is logged out in time. Changes of such a request are stored, and the
 * expiry stays. A max age that the handler chooses applies, and a new session lives its usual time.
 *
 * It also applies if a guard refuses the request, except for a global guard that runs before those of
 * `SmartSessionModule`: one of the root module, or of a module that is imported before it. An `update()` by session id
 * does not belong to the request, and extends as always.
 *
 * On GraphQL resolvers it applies to a request if each of its queries and mutations has the decorator.
 *
 * @param applies false for a handler of such a controller that extends the session
 * @example
 * \@Get('unread')
 * \@NoTouch()
 * countUnread(\@Session() session: SessionData) { … }
 */
export function NoTouch(applies = true): MethodDecorator & ClassDecorator {
  return SetMetadata(NO_TOUCH, applies);
}
