import type { Response } from 'express';
import { asError } from '../security/thrown.js';
import type { GateKeeper, ResponseMethod } from './response-gate.js';

/**
 * Whether a response stands for a WebSocket's handshake. socket.io hands its middleware an object with a few of a response's
 * methods, which sends nothing but the headers that are set by the time of `writeHead`.
 */
export function isHandshake(response: Response): boolean {
  return !('getHeaderNames' in response);
}

/**
 * Commits what the middleware of a WebSocket's handshake has changed. Nothing can hold a handshake: it is committed behind it, and
 * when that fails the connection is cut off.
 *
 * @param endResponse the response's `end` without express-session's hook
 */
export function commitBehind(response: Response, keeper: GateKeeper, endResponse: ResponseMethod): void {
  const { writeHead } = response as { writeHead: ResponseMethod };
  const settle = async () => {
    try {
      if (!keeper.isSettled()) await keeper.settle();
      const failure = keeper.failure();
      if (failure) endResponse.call(response);
    } catch (error) {
      keeper.giveUp(asError(error));
      endResponse.call(response);
    }
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
