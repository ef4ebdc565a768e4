import { HttpException, HttpStatus } from '@nestjs/common';
import type { ServerResponse } from 'node:http';

/** The number of seconds after which a client may retry. */
const RETRY_AFTER = 1;

const PASSING: ReadonlySet<number> = new Set([HttpStatus.SERVICE_UNAVAILABLE, HttpStatus.LOCKED]);

/** Sets `Retry-After` if the error is temporary. The response of a WebSocket's handshake may have no methods. */
export function announceRetry(response: ServerResponse, error: unknown): void {
  const isPassing = PASSING.has(statusOf(error));
  if (isPassing && !response.headersSent && 'setHeader' in response) response.setHeader('Retry-After', RETRY_AFTER);
}

/** Returns the error's status; 0 if it has none. An app may throw any value. */
function statusOf(error: unknown): number {
  try {
    return error instanceof HttpException ? error.getStatus() : 0;
  } catch {
    return 0;
  }
}
