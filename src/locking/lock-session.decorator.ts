import { SetMetadata } from '@nestjs/common';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import { lockName } from './lease-names.js';
import { LIMITS, limitsOf, type LockRequest } from './lock-limits.js';

/** How long a request waits for a lock, and how long the lock is held. */
export interface LockSessionOptions {
  /** Locks only handlers and `SessionService.lock` of the same name against each other. Up to 250 characters. Default: the lock without a name. */
  readonly name?: string;
  /** How long a request waits for the lock, in ms, before it is answered with 423. Default: 10 seconds. */
  readonly timeout?: number;
  /** How long the lock of a killed process stays, in ms. While the handler runs, the lock is extended. Default: 5 seconds. */
  readonly lease?: number;
  /** How many requests of one session may wait in one process; one more is answered with 423 at once. Default: 100. */
  readonly maxWaiting?: number;
}

const CALLER = '@LockSession()';

const OPTIONS: readonly string[] = ['name', ...LIMITS];

/** The metadata key of the decorator's options. */
export const LOCK_SESSION = Symbol.for('nestjs-smart-session LockSession');

/**
 * Runs a handler, or each handler of a controller, for one request of a session after the other, across all processes.
 * No other handler with this decorator changes the session meanwhile. When its turn comes, the session is loaded again.
 * Handlers without this decorator do not wait, nor do handlers with another `name`. No database connection is held while the handler runs. A session that is
 * not stored yet has no other requests, and is not locked.
 *
 * A request that waits longer than `timeout` is answered with 423 (`SessionLockedError`), and one whose
 * session ends meanwhile with 409 (`SessionGoneError`).
 *
 * On a GraphQL resolver it locks the session for that resolver. A call without a request, such as a message of a microservice, is
 * refused with a `SessionContextError`.
 *
 * @throws SmartSessionConfigError for an option that cannot work
 * @example
 * \@Post('checkout')
 * \@LockSession({ timeout: 3000 })
 * checkout(\@Session() session: SessionData) { … }
 */
export function LockSession(options: LockSessionOptions = {}): MethodDecorator & ClassDecorator {
  const unknown = Object.keys(options).find((option) => !OPTIONS.includes(option));
  if (unknown !== undefined)
    throw new SmartSessionConfigError(unknown, '@LockSession() has no such option', `The options are ${OPTIONS.join(', ')}.`);
  const name = options.name === undefined ? undefined : lockName(options.name, CALLER);
  return SetMetadata(LOCK_SESSION, { name, limits: limitsOf(options, CALLER) } satisfies LockRequest);
}
