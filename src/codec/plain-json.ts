import { hasToJson } from '../shared/has-to-json.js';
import { isPlainPrototype } from '../shared/plain-object.js';

type Members = Record<string, unknown>;

/** Returns a copy of a value that was parsed from JSON. Strings are shared. */
export function copyOf<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as Value;
  // A spread copies an own `__proto__` as an ordinary name. A later assignment to it changes nothing else.
  const copy = { ...value } as Members;
  for (const name of Object.keys(copy)) {
    const member = copy[name];
    if (typeof member === 'object' && member !== null) copy[name] = copyOf(member);
  }
  return copy as Value;
}

/** Whether a value still equals the one that was parsed from JSON. False may also mean that only its text can tell. */
export function isAsParsed(value: unknown, parsed: unknown): boolean {
  if (value === parsed) return true;
  if (typeof value !== 'object' || value === null || typeof parsed !== 'object' || parsed === null) return false;
  if (hasToJson(value)) return false;
  if (Array.isArray(value)) return Array.isArray(parsed) && hasItemsAsParsed(value, parsed);
  return (
    isPlainPrototype(Object.getPrototypeOf(value) as object | null) &&
    !Array.isArray(parsed) &&
    hasMembersAsParsed(value as Members, parsed as Members)
  );
}

/** Also compares holes, which `every` would skip. JSON writes null for a hole. */
function hasItemsAsParsed(value: readonly unknown[], parsed: readonly unknown[]): boolean {
  if (value.length !== parsed.length) return false;
  for (let n = 0; n < parsed.length; n++) if (!isAsParsed(value[n], parsed[n])) return false;
  return true;
}

/** Whether an object still has the members that were parsed. */
function hasMembersAsParsed(value: Members, parsed: Members): boolean {
  const names = Object.keys(value);
  if (names.length !== Object.keys(parsed).length) return false;
  for (const name of names) if (!Object.hasOwn(parsed, name) || !isAsParsed(value[name], parsed[name])) return false;
  return true;
}

/** Whether a value that was parsed from JSON has more than this many levels. */
export function isDeeperThan(levels: number, parsed: unknown): boolean {
  if (typeof parsed !== 'object' || parsed === null) return false;
  if (levels === 0) return true;
  return Object.values(parsed).some((member) => isDeeperThan(levels - 1, member));
}
