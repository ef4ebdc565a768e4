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
  timer.unref();
  try {
    return await Promise.race([work(signal), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
