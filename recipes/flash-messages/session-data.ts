import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** The messages that the next page shows once. */
    flash?: string[];
  }
}
