/** A session that several clients use at once, as a browser's tabs do. */
export interface SharedSession {
  readonly cookie: string;
  /** The storage key. */
  readonly key: string;
  /** The beginning of each of its values. */
  readonly owner: string;
}

/** Where clients find a session: the one that is used now, and the one before, which has ended. */
export class SessionPlace {
  current: SharedSession | undefined;
  previous: SharedSession | undefined;

  /** A new session takes the place of one. */
  begin(session: SharedSession): void {
    this.current = session;
  }

  /** A session has ended. */
  end(session: SharedSession): void {
    this.previous = session;
    if (this.current === session) this.current = undefined;
  }
}

/** The session that a cookie names, by its id. */
export function sessionOf(cookie: string, owner: string, keyOf: (sessionId: string) => string): SharedSession {
  const [, id = ''] = /^sid=s%3A([^.]+)\./.exec(cookie) ?? [];
  return { cookie, owner, key: keyOf(id) };
}
