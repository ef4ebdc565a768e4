import expressSession from 'express-session';

/**
 * Whether a session cannot hold this key. express-session drops the names of its `Session` (`id`, `save`, `toString` …) when it
 * loads a session, and keeps its cookie under `cookie`. `toJSON` would change what `JSON.stringify` makes of a session.
 * `__proto__`, `constructor` and `prototype` would reach an object's prototype.
 */
export function isReservedName(key: string): boolean {
  return OWN_NAMES.has(key) || key in expressSession.Session.prototype;
}

const OWN_NAMES = new Set(['id', 'req', 'cookie', 'toJSON', 'prototype', '__proto__']);
