import { setTimeout as sleep } from 'node:timers/promises';
import { SessionUnavailableError } from '../smart-session.errors.js';

/**
 * Settles as `work` does, or rejects after `ms`. What then still runs is left to end by itself.
 *
 * @throws SessionUnavailableError when `work` took too long
 */
export async function withDeadline<Result>(operation: string, ms: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SessionUnavailableError(operation, `the database did not answer within ${ms} ms.`)), ms);
  });
  try {
    return await Promise.race([work, tooLate]);
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
