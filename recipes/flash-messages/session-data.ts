import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** What the next page shows, once. */
    flash?: string[];
  }
}
