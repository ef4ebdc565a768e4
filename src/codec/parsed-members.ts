import { defer, deferredMember } from './deferred-member.js';
import { LongMember } from './long-member.js';
import { copyOf, isAsParsed } from './plain-json.js';

type Members = Record<string, unknown>;

/** Returns a copy of the members of a record for a live session. Long ones are parsed when they are read. */
export function deferredCopyOf(parsed: Members): Members {
  const copy: Members = {};
  for (const key of Object.keys(parsed)) {
    const member = parsed[key];
    if (member instanceof LongMember) defer(copy, key, member);
    else copy[key] = copyOf(member);
  }
  return copy;
}

/**
 * Whether a live session still has the members of its record. False may also mean that only its encoded values can tell.
 *
 * @param leftOut a name to ignore
 */
export function holdsMembers(session: object, parsed: Members, leftOut: string): boolean {
  let left = Object.keys(parsed).length;
  for (const key of Object.keys(session)) {
    if (key === leftOut) continue;
    if (!holdsMember(session, parsed, key)) return false;
    left--;
  }
  return left === 0;
}

/** The same for one key of the session. A long member that was not read is unchanged. */
export function holdsMember(session: object, parsed: Members, key: string): boolean {
  if (!Object.hasOwn(parsed, key)) return false;
  const member = parsed[key];
  if (!(member instanceof LongMember)) return isAsParsed((session as Members)[key], member);
  return deferredMember(session, key)?.text === member.text || isAsParsed((session as Members)[key], member.value);
}

/** Joins parsed members into the text of a record. A long one keeps its text. */
export function joinMembers(parsed: Members): string {
  const members = Object.entries(parsed).map(([key, member]) => `${JSON.stringify(key)}:${textOf(member)}`);
  return `{${members.join(',')}}`;
}

function textOf(member: unknown): string {
  return member instanceof LongMember ? member.text : JSON.stringify(member);
}
