import { SessionTestingError } from '../smart-session.errors.js';

/**
 * Refuses what a test has forgotten to await. A promise has no session and no values, so it would look like a visitor without a session.
 *
 * @param operation the function that the test has called, for the error
 * @throws SessionTestingError for a promise, and for a request of supertest, which is sent when it is awaited
 */
export function refusePromise(value: unknown, operation: string): void {
  if (typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then !== 'function') return;
  throw new SessionTestingError(operation, 'a promise was given', 'Await it first');
}
