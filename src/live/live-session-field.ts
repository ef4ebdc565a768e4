import type { LiveSession } from './live-session.js';

/** Returns the object that it is given from its constructor, so that a class that extends it adds its private fields to that object. */
const Given = function (this: unknown, object: object) {
  return object;
} as unknown as new (object: object) => object;

/**
 * Keeps the state of a session in a private field of the session's object: no app, no serializer and no
 * other package can see it. A WeakMap would do the same, but a commit took 7 % more CPU time with one, because the
 * garbage collector looks through every WeakMap each time.
 */
export class LiveSessionField extends Given {
  #live: LiveSession;

  private constructor(session: object, live: LiveSession) {
    super(session);
    this.#live = live;
  }

  /** The state of a session; undefined where it has none. */
  static find(session: object): LiveSession | undefined {
    return LiveSessionField.#isOn(session) ? session.#live : undefined;
  }

  /** Gives a session a state, in place of the one that it has. */
  static set(session: object, live: LiveSession): void {
    const owner = LiveSessionField.#isOn(session) ? session : new LiveSessionField(session, live);
    owner.#live = live;
  }

  /** An app may have put anything in the session's place. */
  static #isOn(session: object): session is LiveSessionField {
    return Object(session) === session && #live in session;
  }
}
