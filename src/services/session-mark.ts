import type { SessionBaseline } from './session-baseline.js';

/** Constructs the very object that it is given: a class that extends it adds its private fields to that object. */
const Given = function (this: unknown, object: object) {
  return object;
} as unknown as new (object: object) => object;

/**
 * Keeps the baseline of a session in a private field of the session's object: no app, no serializer and no
 * other package can see it. Does what a WeakMap would do; a request with one of those took 7 % more CPU time
 * in a commit, for the garbage collector has to look through a WeakMap each time.
 */
export class SessionMark extends Given {
  #baseline: SessionBaseline;

  private constructor(session: object, baseline: SessionBaseline) {
    super(session);
    this.#baseline = baseline;
  }

  /** The baseline of a session; undefined where it has none. */
  static find(session: object): SessionBaseline | undefined {
    return SessionMark.#isOn(session) ? session.#baseline : undefined;
  }

  /** Gives a session a baseline, in place of the one that it has. */
  static set(session: object, baseline: SessionBaseline): void {
    const marked = SessionMark.#isOn(session) ? session : new SessionMark(session, baseline);
    marked.#baseline = baseline;
  }

  /** An app may have put anything in the session's place. */
  static #isOn(session: object): session is SessionMark {
    return Object(session) === session && #baseline in session;
  }
}
