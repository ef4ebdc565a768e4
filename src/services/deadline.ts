import { setTimeout as sleep } from 'node:timers/promises';
import { SessionUnavailableError } from '../smart-session.errors.js';

/**
 * Settles as `work` does, or rejects after `ms` and aborts the signal, so that `work` begins nothing more.
 *
 * @throws SessionUnavailableError when `work` took too long
 */
export async function withDeadline<Result>(operation: string, ms: number, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const { signal } = controller;
  const tooLate = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const timer = setTimeout(() => controller.abort(new SessionUnavailableError(operation, `the database did not answer within ${ms} ms.`)), ms);
  try {
    return await Promise.race([work(signal), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits before the next attempt: a random time below a bound that doubles, so that those who
 * collided do not collide again (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015: full jitter).
 *
 * @param attempt how many attempts have failed, from 1
 */
export async function backOff(attempt: number): Promise<void> {
  await sleep(Math.random() * Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** attempt));
}

const SHORTEST_WAIT = 2;
const LONGEST_WAIT = 250;
