import { LongMember } from './long-member.js';

type Members = Record<string, unknown>;

/** The key under which a getter keeps its member, until the getter is called. */
const MEMBER = Symbol('member');

interface Getter {
  (): unknown;
  [MEMBER]?: LongMember | undefined;
}

/**
 * Gives an object a long member that is parsed when the app first reads it. The first read and each assignment replace the
 * getter by a plain property.
 */
export function defer(owner: object, key: string, member: LongMember): void {
  let read: { readonly value: unknown } | undefined;
  const get: Getter = () => {
    if (read) return read.value;
    const value = member.copy();
    read = { value };
    get[MEMBER] = undefined;
    // The app may have copied the getter to another object. If the property cannot be replaced, the getter returns the value.
    if (getterOf(owner, key) === get) Reflect.defineProperty(owner, key, { value, writable: true });
    return value;
  };
  get[MEMBER] = member;
  function set(this: object, value: unknown): void {
    if (this !== owner) {
      Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true });
    } else if (!Reflect.defineProperty(owner, key, { value, writable: true })) {
      if (Object.isFrozen(owner)) throw new TypeError(`Cannot assign to read only property '${key}' of a frozen session`);
      read = { value };
      get[MEMBER] = undefined;
    }
  }
  Object.defineProperty(owner, key, { get, set, enumerable: true, configurable: true });
}

/** Returns the member that an object has under a key and that was not read yet. Returns undefined for any other property. */
export function deferredMember(owner: object, key: string): LongMember | undefined {
  return getterOf(owner, key)?.[MEMBER];
}

function getterOf(owner: object, key: string): Getter | undefined {
  return Object.getOwnPropertyDescriptor(owner, key)?.get;
}

/** Returns an object with the same keys, but with undefined for members that were not read yet. Reads none of them. */
export function withoutDeferred(owner: object): Members {
  const others: Members = {};
  for (const key of Object.keys(owner)) others[key] = deferredMember(owner, key) ? undefined : (owner as Members)[key];
  return others;
}

/** Defers the same members on another object that has their keys. */
export function deferAgain(from: object, to: object): void {
  for (const key of Object.keys(from)) {
    const member = deferredMember(from, key);
    if (member && Object.hasOwn(to, key)) defer(to, key, member);
  }
}
