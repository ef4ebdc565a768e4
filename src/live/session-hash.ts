import { LiveSessionField } from './live-session-field.js';

/** What express-session hashes of a session that has not changed since it was loaded; of a new one it hashes the same text. */
const UNCHANGED = Object.freeze({});

/** What it hashes of any other. */
const CHANGED = 'changed';

/**
 * Keeps express-session's hash off the values of a live session. express-session hashes the session's JSON text to
 * learn whether it has changed. The text may be long, and some sessions have none. While it hashes, the session shows
 * only whether it has changed. At any other time, JSON.stringify shows the session as it is.
 */
export function hideFromHash(session: object): void {
  // A frozen session stays as it is, and so does a handler's own `toJSON`, which is refused.
  if (Object.isExtensible(session) && !Object.hasOwn(session, 'toJSON')) Object.defineProperty(session, 'toJSON', LIVE);
}

/** Keeps express-session's hash off the loaded data that a live session was made of. Only the hash looks at it. */
export function hideUsedData(data: object): void {
  Object.defineProperty(data, 'toJSON', USED);
}

function liveToJson(this: object): unknown {
  const live = LiveSessionField.find(this);
  if (!live?.isHashed) return this;
  return live.hasMoved || live.renewsCookie ? CHANGED : UNCHANGED;
}

const LIVE: PropertyDescriptor = {
  get: () => liveToJson,
  /** A handler that uses the name for a value gets the error of a reserved name: the value must not disappear. */
  set(this: object, value: unknown) {
    Object.defineProperty(this, 'toJSON', { value, enumerable: true, configurable: true, writable: true });
  },
  enumerable: false,
  configurable: true,
};

const USED: PropertyDescriptor = { value: () => UNCHANGED, enumerable: false, configurable: true };
