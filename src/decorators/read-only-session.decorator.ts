import { SetMetadata } from '@nestjs/common';

/** Where the decorator leaves whether it applies. */
export const READ_ONLY_SESSION = Symbol.for('nestjs-smart-session ReadOnlySession');

/**
 * Refuses what requests to a handler, or to each handler of a controller, change in their session: nothing is
 * written, and the client gets 500 (`SessionReadOnlyError`) in place of the answer. Whoever makes the change:
 * the handler, a guard, an `update()` of the session, on a new session or on the cookie's max age. `destroy()`
 * and `regenerate()` are not refused, but the empty session that comes by `regenerate()` is read-only too. An
 * `update()` by session id is not the request's. The session is extended as always; `@NoTouch()` beside this
 * one prevents it.
 *
 * @param applies false lets one handler of such a controller write
 * @example
 * \@Get('cart')
 * \@ReadOnlySession()
 * readCart(\@Session() session: SessionData) { … }
 */
export function ReadOnlySession(applies = true): MethodDecorator & ClassDecorator {
  return SetMetadata(READ_ONLY_SESSION, applies);
}
