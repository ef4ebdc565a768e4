import type { IncomingMessage } from 'node:http';

/** Whether a request became a WebSocket. No response follows that could wait for a commit. */
export function isUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined;
}
