import type { Response } from 'express';
import { asError } from '../shared/thrown.js';
import type { GatedSession, ResponseMethod } from './response-gate.js';

/**
 * Whether a response is a WebSocket's handshake. socket.io passes its middleware an object with a few of a response's methods. It
 * sends only the headers that are set when `writeHead` is called.
 */
export function isHandshake(response: Response): boolean {
  return !('getHeaderNames' in response);
}

/**
 * Commits the changes that middleware makes during a WebSocket's handshake. A handshake cannot be held back, so the commit runs
 * after it. If the commit fails, the connection is closed.
 *
 * @param endResponse the response's `end` without express-session's hook
 */
export function commitBehind(response: Response, gated: GatedSession, endResponse: ResponseMethod): void {
  const { writeHead } = response as { writeHead: ResponseMethod };
  const settle = async () => {
    try {
      if (!gated.isSettled()) await gated.commit();
    } catch (error) {
      gated.giveUp(asError(error));
    }
    if (gated.failure()) endResponse.call(response);
  };
  const end = (...parameters: unknown[]) => {
    void settle();
    return endResponse.apply(response, parameters);
  };
  const begin = (...parameters: unknown[]) => {
    gated.beginHook(true);
    try {
      return writeHead.apply(response, parameters);
    } finally {
      gated.endHook();
      void settle();
    }
  };
  Object.assign(response, { writeHead: begin, end });
}
