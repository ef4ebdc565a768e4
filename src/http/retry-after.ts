import { HttpException, HttpStatus } from '@nestjs/common';
import type { ServerResponse } from 'node:http';

/** After how many seconds a client may try again. */
const RETRY_AFTER = 1;

const PASSING: ReadonlySet<number> = new Set([HttpStatus.SERVICE_UNAVAILABLE, HttpStatus.LOCKED]);

/** Tells the client of an error that passes when to come back. */
export function announceRetry(response: ServerResponse, error: unknown): void {
  const isPassing = PASSING.has(statusOf(error));
  if (isPassing && !response.headersSent) response.setHeader('Retry-After', RETRY_AFTER);
}

/** An app may throw anything; 0 for what has no status. */
function statusOf(error: unknown): number {
  try {
    return error instanceof HttpException ? error.getStatus() : 0;
  } catch {
    return 0;
  }
}
