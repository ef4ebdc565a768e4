import 'express-session';

/** The administrator who really acts in a session. */
export interface Actor {
  readonly id: string;
  /** When acting for the user ends, in ms since 1970. */
  readonly until: number;
}

declare module 'express-session' {
  interface SessionData {
    /** The user whose rights apply. */
    user?: string;
    /** Set while an administrator acts as the user. */
    actor?: Actor;
  }
}
