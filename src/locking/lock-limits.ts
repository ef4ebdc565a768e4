import { LONGEST_TIMER } from '../options/longest-values.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';

/** How long a caller waits for a lock, and how long the lock is held; times in ms. */
export interface LockLimits {
  readonly timeout: number;
  readonly lease: number;
  readonly maxWaiting: number;
}

/** The lock that a handler asks for. */
export interface LockRequest {
  /** Undefined for the lock of the record. */
  readonly name: string | undefined;
  readonly limits: LockLimits;
}

const DEFAULTS: LockLimits = { timeout: 10_000, lease: 5_000, maxWaiting: 100 };

/** A shorter lease would end between two extensions on a busy machine. */
const SHORTEST_LEASE = 100;

const BOUNDS: Readonly<Record<keyof LockLimits, readonly [number, number]>> = {
  timeout: [1, LONGEST_TIMER],
  lease: [SHORTEST_LEASE, LONGEST_TIMER],
  maxWaiting: [0, Number.MAX_SAFE_INTEGER],
};

/** The names of the limits. */
export const LIMITS = Object.keys(BOUNDS) as readonly (keyof LockLimits)[];

/**
 * Returns the limits with their defaults.
 *
 * @param caller who has given them, for a message
 * @throws SmartSessionConfigError for a limit that cannot work
 */
export function limitsOf(given: Partial<LockLimits>, caller: string): LockLimits {
  for (const option of LIMITS) if (Object.hasOwn(given, option)) checkBound(option, given[option], caller);
  const { timeout = DEFAULTS.timeout, lease = DEFAULTS.lease, maxWaiting = DEFAULTS.maxWaiting } = given;
  return Object.freeze({ timeout, lease, maxWaiting });
}

function checkBound(option: keyof LockLimits, value: unknown, caller: string): void {
  const [least, most] = BOUNDS[option];
  const isRight = typeof value === 'number' && value >= least && value <= most;
  if (!isRight)
    throw new SmartSessionConfigError(option, `${caller} was given ${String(value)}`, `Give a number from ${least} to ${most}.`);
}
