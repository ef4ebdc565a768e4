import { SetMetadata } from '@nestjs/common';

/** The metadata key under which the decorator says whether it applies. */
export const READ_ONLY_SESSION = Symbol.for('nestjs-smart-session ReadOnlySession');

/**
 * Requests to this handler, or to each handler of this controller, cannot change their session. If one does, nothing is
 * stored, and the client gets 500 (`SessionReadOnlyError`) in place of the answer. This includes changes by the handler, by
 * a guard and by an `update()` of the session, and changes of a new session or of the cookie's max age.
 *
 * `destroy()` and `regenerate()` are allowed, but the session that `regenerate()` makes is read-only too. An `update()` by
 * session id does not belong to the request. The session is extended as always, unless `@NoTouch()` prevents it.
 *
 * On GraphQL resolvers it applies to a request if each of its queries and mutations has the decorator.
 *
 * @param applies false for a handler of such a controller that may change the session
 * @example
 * \@Get('cart')
 * \@ReadOnlySession()
 * readCart(\@Session() session: SessionData) { … }
 */
export function ReadOnlySession(applies = true): MethodDecorator & ClassDecorator {
  return SetMetadata(READ_ONLY_SESSION, applies);
}
