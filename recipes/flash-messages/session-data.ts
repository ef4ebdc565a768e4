import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** The messages for the next page. */
    flash?: string[];
  }
}
