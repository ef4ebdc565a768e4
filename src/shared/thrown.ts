import { types } from 'node:util';

/** In characters. A longer text is cut in a message. */
const LONGEST_TEXT = 200;

/** Turns a thrown value into an error that can be logged and answered. An app may throw anything, and the members of an error may throw too. */
export function asError(thrown: unknown): Error {
  return isReadable(thrown) && isAnswerable(thrown) ? thrown : new Error(`${describeThrown(thrown)} was thrown in place of an error.`);
}

/** Describes a thrown value for a message: an error's name and message, a text, or a type. Never throws. */
export function describeThrown(thrown: unknown): string {
  if (isReadable(thrown)) return thrown.message === '' ? thrown.name : `${thrown.name}: ${thrown.message}`;
  if (typeof thrown === 'string') return JSON.stringify(thrown.slice(0, LONGEST_TEXT));
  if (thrown === null || thrown === undefined) return String(thrown);
  if (types.isNativeError(thrown)) return 'an error that cannot be read';
  return typeof thrown === 'object' ? 'an object' : `a ${typeof thrown}`;
}

function isReadable(thrown: unknown): thrown is Error {
  try {
    if (!(thrown instanceof Error) && !types.isNativeError(thrown)) return false;
    const { name, message, stack } = thrown;
    return typeof name === 'string' && typeof message === 'string' && (stack === undefined || typeof stack === 'string');
  } catch {
    return false;
  }
}

/** Whether Nest can answer an error. The methods of an `HttpException` may throw, or return something else than an answer. */
function isAnswerable(error: Error): boolean {
  try {
    const { getStatus, getResponse } = error as { getStatus?: unknown; getResponse?: unknown };
    if (typeof getStatus !== 'function' || typeof getResponse !== 'function') return true;
    const status: unknown = getStatus.call(error);
    return (
      Number.isInteger(status) &&
      (status as number) >= 400 &&
      (status as number) < 600 &&
      JSON.stringify(getResponse.call(error)) !== undefined
    );
  } catch {
    return false;
  }
}
