import { types } from 'node:util';
import type { SessionCodec } from '../codec/session.codec.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import { SessionNotSerializableError, SessionUserIdError } from '../smart-session.errors.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';

const LONGEST_USER_ID = 255;

/** Why a value is no user id, and what to do. */
interface Flaw {
  readonly found: string;
  readonly advice: string;
}

const TYPE_ADVICE =
  'A user id is a string, a whole number or a bigint. Let the option `userId` find one, such as `userId: (session) => session.user?.id`.';

/**
 * The user of a session, as the option `userId` finds it in the stored values. Null, undefined and an empty text are no
 * user. A number and a bigint are the same user as their decimal text.
 *
 * @throws SessionNotSerializableError for a value that is no user id, and when the option's function fails
 */
export function userIdOf(values: EncodedValues, { userId: find }: Pick<SmartSessionOptions, 'userId'>, codec: SessionCodec): string | null {
  const found = typeof find === 'function' ? ask(find, values, codec) : valueAt(values, find, codec);
  if (found === undefined || found === null || found === '') return null;
  const flaw = flawIn(found);
  if (flaw) throw new SessionNotSerializableError('userId', flaw.found, flaw.advice);
  return String(found);
}

/**
 * How long a session may live without use, in ms, whatever its max age: that is limited where it has no user.
 *
 * @param userId its user, null for none; undefined where that is not known
 */
export function longestUnused(
  userId: string | null | undefined,
  { anonymousTtl = Infinity }: Pick<SmartSessionOptions, 'anonymousTtl'>,
): number {
  return userId === null ? anonymousTtl : Infinity;
}

/** How long a session with these values may live without use, in ms, whatever its max age. */
export function longestUnusedWith(
  values: EncodedValues,
  options: Pick<SmartSessionOptions, 'userId' | 'anonymousTtl'>,
  codec: SessionCodec,
): number {
  return options.anonymousTtl === undefined ? Infinity : longestUnused(userIdIfKnown(values, options, codec), options);
}

/** The user of a session that ends; undefined where the option finds no user id: such a session must end too. */
export function userIdIfKnown(
  values: EncodedValues,
  options: Pick<SmartSessionOptions, 'userId'>,
  codec: SessionCodec,
): string | null | undefined {
  try {
    return userIdOf(values, options, codec);
  } catch {
    return undefined;
  }
}

/**
 * A user id that a caller gives.
 *
 * @param operation which method was called, for the error
 * @throws SessionUserIdError
 */
export function givenUserId(operation: string, given: unknown): string {
  if (given === undefined || given === null || given === '')
    throw new SessionUserIdError(operation, `${given === '' ? 'an empty text' : String(given)} as the user id`);
  const flaw = flawIn(given);
  if (flaw) throw new SessionUserIdError(operation, flaw.found);
  return String(given);
}

function ask(find: (session: never) => unknown, values: EncodedValues, codec: SessionCodec): unknown {
  let found: unknown;
  try {
    found = find(codec.decodeValues(values) as never);
  } catch (error) {
    throw new SessionNotSerializableError(
      'userId',
      `a user id that the function of the option failed to find (${error instanceof Error ? error.name : typeof error})`,
      'Let the function return null for a session without a user.',
      error,
    );
  }
  if (!types.isPromise(found)) return found;
  found.catch(() => undefined);
  throw new SessionNotSerializableError(
    'userId',
    'a promise as the user id',
    'Let the function of the option `userId` return the id itself.',
  );
}

function valueAt(values: EncodedValues, key: string | undefined, codec: SessionCodec): unknown {
  const text = key === undefined ? undefined : values.get(key);
  return text === undefined ? undefined : codec.decodeValue(text);
}

/** Two users must not have one text: what objects become, or a number that has lost digits, is no id. */
function flawIn(id: unknown): Flaw | undefined {
  if (typeof id === 'bigint') return flawInText(String(id));
  if (typeof id === 'string') return flawInText(id);
  if (Number.isSafeInteger(id)) return undefined;
  if (typeof id === 'number')
    return { found: 'a number that is not whole, or is larger than 2^53 - 1, as the user id', advice: 'Use a text or a bigint.' };
  return { found: `${described(id)} as the user id`, advice: TYPE_ADVICE };
}

function flawInText(id: string): Flaw | undefined {
  if (id.length > LONGEST_USER_ID)
    return { found: `a user id of ${id.length} characters (at most ${LONGEST_USER_ID})`, advice: 'Use a shorter one.' };
  // PostgreSQL's texts have none.
  if (id.includes('\0')) return { found: 'a user id with a NUL', advice: 'Use one without.' };
  // Drivers replace each half of a surrogate pair by the same character.
  return Buffer.from(id).toString() === id
    ? undefined
    : { found: 'a user id that is no well-formed Unicode', advice: 'Use a well-formed text.' };
}

function described(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
