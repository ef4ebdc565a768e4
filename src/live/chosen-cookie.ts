import type { Request } from 'express';
import type { EncodedValues } from '../merge/encoded-values.js';
import { flawInCookie, isCookieOptions, type CookieAttributes } from '../options/cookie-rules.js';
import { attributesFor, resolveAuto, type CookieTemplate } from '../security/cookie-template.js';
import { SessionNotSerializableError } from '../smart-session.errors.js';

/** Under which name a record keeps the attributes that a handler has chosen for its cookie. No value of a session can have it. */
export const COOKIE_KEY = 'cookie';

/** Sorted, as the names of every stored value are. */
const NAMES = ['domain', 'httpOnly', 'partitioned', 'path', 'priority', 'sameSite', 'secure'] as const;

/** The attributes that a handler has chosen, besides the max age; those that are left out follow the options. */
export type ChosenCookie = Pick<CookieAttributes, (typeof NAMES)[number]>;

/** A live session, as far as its cookie goes. */
interface Dressed {
  readonly req?: Request;
  readonly cookie?: Record<string, unknown>;
}

/** The attributes that express-session gives a cookie by default. */
const DEFAULTS: CookieAttributes = { path: '/', httpOnly: true };

/**
 * The attributes that a record keeps; none for the cookie of another store, which has its expiry too.
 *
 * @param values the record's; undefined for a session that is not stored
 */
export function chosenIn(values: EncodedValues | undefined): ChosenCookie {
  const text = values?.get(COOKIE_KEY);
  if (text === undefined) return {};
  const kept = JSON.parse(text) as Record<string, unknown> | null;
  // JSON has no undefined: null takes an attribute away that the options set.
  const chosen = Object.fromEntries(Object.entries(kept ?? {}).map(([name, value]) => [name, value ?? undefined]));
  return isCookieOptions(chosen) && !('maxAge' in chosen) ? chosen : {};
}

/** The attributes that the cookie of a live session has while its handler changes nothing. */
function givenTo({ req }: Dressed, values: EncodedValues | undefined, template: CookieTemplate): CookieAttributes {
  const attributes = { ...DEFAULTS, ...attributesFor(req!, template) };
  resolveAuto(attributes, req!);
  return values?.has(COOKIE_KEY) ? { ...attributes, ...chosenIn(values) } : attributes;
}

/** Whether a handler has changed an attribute. Loaded data that has not become a live session has no cookie to send. */
export function isCookieChanged(session: object, values: EncodedValues | undefined, template: CookieTemplate): boolean {
  const { req, cookie } = session as Dressed;
  if (!req || typeof cookie !== 'object' || cookie === null) return false;
  const given = givenTo(session as Dressed, values, template);
  return NAMES.some((name) => cookie[name] !== given[name]);
}

/**
 * The text that keeps the attributes which a handler has chosen.
 *
 * @param values the record's; undefined for a session that is not stored
 * @throws SessionNotSerializableError for a value that is not an attribute, or that browsers refuse
 */
export function chosenText(session: object, values: EncodedValues | undefined, template: CookieTemplate): string {
  const cookie = (session as Required<Dressed>).cookie;
  const plain = givenTo(session as Dressed, undefined, template);
  const given = givenTo(session as Dressed, values, template);
  const kept = chosenIn(values);
  const chosen: Record<string, unknown> = {};
  for (const name of NAMES) {
    const isChanged = cookie[name] !== given[name];
    if (isChanged ? cookie[name] !== plain[name] : name in kept) chosen[name] = cookie[name];
  }
  refuseFlaw(chosen, { ...plain, ...chosen } as CookieAttributes, template.name);
  return JSON.stringify(chosen, (_name, value: unknown) => value ?? null);
}

/** Shows a live session the attributes that others have chosen; those that its handler has changed stay. */
export function showChosen(session: object, before: EncodedValues | undefined, now: EncodedValues, template: CookieTemplate): void {
  const { req, cookie } = session as Dressed;
  if (!req || before?.get(COOKIE_KEY) === now.get(COOKIE_KEY) || typeof cookie !== 'object' || cookie === null) return;
  const [was, is] = [before, now].map((values) => givenTo(session as Dressed, values, template)) as [CookieAttributes, CookieAttributes];
  for (const name of NAMES) if (cookie[name] === was[name]) cookie[name] = is[name];
}

function refuseFlaw(chosen: Readonly<Record<string, unknown>>, whole: CookieAttributes, name: string): void {
  for (const attribute of NAMES) {
    if (!isCookieOptions({ [attribute]: chosen[attribute] }))
      throw new SessionNotSerializableError(
        `cookie.${attribute}`,
        `a value of type ${typeof chosen[attribute]}, which is not valid for this attribute`,
        'Give a value that the option `cookie` accepts.',
      );
  }
  const flaw = flawInCookie({ name, cookie: whole });
  if (flaw) throw new SessionNotSerializableError('cookie', `a cookie (${flaw.given})`, flaw.expected);
}
