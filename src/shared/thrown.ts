import { types } from 'node:util';

/** Enough of a thrown text for a message. */
const LONGEST_TEXT = 200;

/** What was thrown, as an error that can be logged and answered: an app may throw anything, and an error's members may throw too. */
export function asError(thrown: unknown): Error {
  return isReadable(thrown) && isAnswerable(thrown) ? thrown : new Error(`${describeThrown(thrown)} was thrown in place of an error.`);
}

/** What was thrown, for a message: an error's name and message, a text, or a type. Never throws. */
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

/** An error of Nest says how it is answered. That may throw too, or be no error's answer. */
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
