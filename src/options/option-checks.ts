import { types } from 'node:util';
import { RequestMethod } from '@nestjs/common';
import { LONGEST_TABLE_NAME } from './longest-values.js';
import { isSecret } from './secrets.js';

/** Returns what to give instead of a wrong value; undefined if the value is right. */
export type Check = (given: unknown) => string | undefined;

type Predicate = (given: unknown) => boolean;

/** Makes a check that returns this advice if the predicate is false. */
export function unless(isRight: Predicate, advice: string): Check {
  return (given) => (isRight(given) ? undefined : advice);
}

/** Also accepts an option that is not given. */
export function optional(check: Check): Check {
  return (given) => (given === undefined ? undefined : check(given));
}

/** Accepts one of these texts. */
export function oneOf(...allowed: string[]): Check {
  return unless((given) => allowed.includes(given as string), `Use one of ${allowed.map((name) => `'${name}'`).join(', ')}.`);
}

/** Which numbers to accept. */
interface NumberRange {
  /** What the number counts, for the message. */
  readonly unit?: string;
  readonly max?: number;
  /** One more value that is right, beside the numbers. */
  readonly or?: number | false;
}

/** Accepts a number above 0, up to `max`. */
export function positive({ unit, max = Number.MAX_SAFE_INTEGER, or }: NumberRange = {}): Check {
  const other = or === undefined ? '' : `${or} or `;
  const bound = max === Number.MAX_SAFE_INTEGER ? '' : `, at most ${max}`;
  return unless(
    (given) => (typeof given === 'number' && given > 0 && given <= max) || (or !== undefined && given === or),
    `Give ${other}a positive number${unit ? ` of ${unit}` : ''}${bound}.`,
  );
}

/** Accepts true and false. */
export const yesOrNo: Check = unless((given) => typeof given === 'boolean', 'Use true or false.');

/** Accepts the name of a table, as all databases can have it. */
export const tableName: Check = unless(
  (given) => isName(given) && Buffer.byteLength(given) <= LONGEST_TABLE_NAME && isPlainName(given),
  `Give a name of 1 to ${LONGEST_TABLE_NAME} bytes, without a question mark.`,
);

export function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null;
}

export function isFunction(given: unknown): boolean {
  return typeof given === 'function';
}

/** Whether a value is a function that is not async. The attributes of a cookie are needed synchronously. */
export function isSynchronous(given: unknown): boolean {
  return isFunction(given) && !types.isAsyncFunction(given);
}

export function isName(given: unknown): given is string {
  return typeof given === 'string' && given !== '';
}

/** MikroORM replaces a question mark by a parameter, in names too. */
export function isPlainName(given: unknown): boolean {
  return isName(given) && !/[?\0]/.test(given);
}

export function isCookieName(given: unknown): boolean {
  return typeof given === 'string' && /^[\w!#$%&'*.^`|~+-]+$/.test(given);
}

export function isSecretOrSeveral(given: unknown): boolean {
  return Array.isArray(given) ? given.length > 0 && given.every(isSecret) : isSecret(given);
}

/** Whether a value is an object that has each of these methods. */
export function hasMethods(...names: string[]): Predicate {
  return (given) => isObject(given) && names.every((name) => isFunction(given[name]));
}

/** Whether a value is an object of merge rules. A key may be undefined. */
export function isRules(given: unknown): boolean {
  return isObject(given) && !Array.isArray(given) && Object.values(given).every((rule) => rule === undefined || isFunction(rule));
}

export function isSessionLimit(given: unknown): boolean {
  const { max, whenFull = 'evict-oldest' } = isObject(given) ? given : { max: given };
  return Number.isInteger(max) && Number(max) > 0 && ['evict-oldest', 'deny'].includes(whenFull as string);
}

/** Whether a value is a path, or Nest's RouteInfo. */
export function isRoute(given: unknown): boolean {
  if (!isObject(given)) return isName(given);
  const { path, method } = given;
  return isName(path) && typeof method === 'number' && method in RequestMethod;
}
