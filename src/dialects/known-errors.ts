import type { FailureKind } from './failure-kind.js';

/**
 * A known error.
 *
 * - its code: an SQLSTATE, a number or a name, as the driver gives it
 * - its name in the server or the driver
 * - what it means
 * - the reason, or where it was seen
 */
export type KnownError = readonly [code: string | number, name: string, kind: FailureKind, why: string];

/** A known error that is identified by its text, because it has no code, or its code has several meanings. */
export type KnownText = readonly [text: string, kind: FailureKind, why: string];

/** Returns the kinds of errors by their codes. */
export function kindsOf(errors: readonly KnownError[]): ReadonlyMap<string | number, FailureKind> {
  return new Map(errors.map(([code, , kind]) => [code, kind]));
}

/**
 * Returns the kind of an error by its text, or undefined if the text is not known. A known text that ends with `…` is the
 * beginning of a text.
 *
 * @param message knex puts the statement and its values before the text. Only the whole end of such a message counts, so that no
 *   value can imitate an error
 */
export function kindByText(texts: readonly KnownText[], message: string): FailureKind | undefined {
  return texts.find(([text]) => isText(text, message))?.[1];
}

function isText(text: string, message: string): boolean {
  if (text.endsWith('…')) return message.startsWith(text.slice(0, -1));
  return message === text || message.endsWith(` - ${text}`);
}
