import type { Response } from 'express';
import { asError } from '../security/thrown.js';
import type { GateKeeper, ResponseMethod } from './response-gate.js';

/**
 * Whether a response stands for a WebSocket's handshake. socket.io gives its middleware an object with a few of a response's
 * methods. It sends only the headers that are set when `writeHead` is called.
 */
export function isHandshake(response: Response): boolean {
  return !('getHeaderNames' in response);
}

/**
 * Commits the changes that middleware makes during a WebSocket's handshake. A handshake cannot be held back, so the commit runs
 * behind it. If the commit fails, the connection is cut off.
 *
 * @param endResponse the response's `end` without express-session's hook
 */
export function commitBehind(response: Response, keeper: GateKeeper, endResponse: ResponseMethod): void {
  const { writeHead } = response as { writeHead: ResponseMethod };
  const settle = async () => {
    try {
      if (!keeper.isSettled()) await keeper.settle();
    } catch (error) {
      keeper.giveUp(asError(error));
    }
    if (keeper.failure()) endResponse.call(response);
  };
  const end = (...parameters: unknown[]) => {
    void settle();
    return endResponse.apply(response, parameters);
  };
  const begin = (...parameters: unknown[]) => {
    keeper.beginHook(true);
    try {
      return writeHead.apply(response, parameters);
    } finally {
      keeper.endHook();
      void settle();
    }
  };
  Object.assign(response, { writeHead: begin, end });
}
