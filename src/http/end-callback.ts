import type { ServerResponse } from 'node:http';
import { alreadyFinishedError, destroyedError } from './node-errors.js';

/** The callback of `write` or `end`. */
export type WriteCallback = (error?: Error) => void;

/**
 * Calls back once when the response has ended, as Node's `end` does. If the response was cut off, it passes an error. The `end`
 * of express-session and that of compression ignore a callback.
 *
 * @returns a function that stops waiting
 */
export function callWhenOver(response: ServerResponse, callback: WriteCallback): () => void {
  if (response.writableFinished) process.nextTick(callback, alreadyFinishedError());
  else if (response.destroyed) process.nextTick(callback, destroyedError());
  else return waitForEnd(response, callback);
  return () => undefined;
}

function waitForEnd(response: ServerResponse, callback: WriteCallback): () => void {
  const stop = () => void response.off('finish', onFinish).off('close', onClose);
  const onFinish = () => {
    stop();
    callback();
  };
  const onClose = () => {
    stop();
    callback(destroyedError());
  };
  response.on('finish', onFinish).on('close', onClose);
  return stop;
}
