import { HttpException, HttpStatus } from '@nestjs/common';
import type { ServerResponse } from 'node:http';

/** After how many seconds a client may try again. */
const RETRY_AFTER = 1;

/** Tells the client of a 503 when to come back. */
export function announceRetry(response: ServerResponse, error: unknown): void {
  const isUnavailable = error instanceof HttpException && error.getStatus() === HttpStatus.SERVICE_UNAVAILABLE;
  if (isUnavailable && !response.headersSent) response.setHeader('Retry-After', RETRY_AFTER);
}
