import type { FailureKind } from './failure-kind.js';

/**
 * What is known of an error.
 *
 * - its code: an SQLSTATE, a number, or a name, as the driver gives it
 * - how the server or the driver names it
 * - what it means
 * - why, or where it was seen
 */
export type KnownError = readonly [code: string | number, name: string, kind: FailureKind, why: string];

/** The same by its text, if an error has no code, or its code has several meanings. */
export type KnownText = readonly [text: string, kind: FailureKind, why: string];

/** The kinds of errors, by code. */
export function kindsOf(errors: readonly KnownError[]): ReadonlyMap<string | number, FailureKind> {
  return new Map(errors.map(([code, , kind]) => [code, kind]));
}

/**
 * The kind of an error by its text; undefined if the text is not known. A known text with `…` at its end is a beginning.
 *
 * @param message knex puts the statement with its values before it. Only the whole end of such a message counts, so that no
 *   value can imitate an error
 */
export function kindByText(texts: readonly KnownText[], message: string): FailureKind | undefined {
  return texts.find(([text]) => isText(text, message))?.[1];
}

function isText(text: string, message: string): boolean {
  if (text.endsWith('…')) return message.startsWith(text.slice(0, -1));
  return message === text || message.endsWith(` - ${text}`);
}
