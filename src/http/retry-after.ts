import { HttpException, HttpStatus } from '@nestjs/common';
import type { ServerResponse } from 'node:http';

/** After how many seconds a client may try again. */
const RETRY_AFTER = 1;

const PASSING: ReadonlySet<number> = new Set([HttpStatus.SERVICE_UNAVAILABLE, HttpStatus.LOCKED]);

/** Tells the client of an error that passes when to come back. */
export function announceRetry(response: ServerResponse, error: unknown): void {
  const isPassing = error instanceof HttpException && PASSING.has(error.getStatus());
  if (isPassing && !response.headersSent) response.setHeader('Retry-After', RETRY_AFTER);
}
