import 'express-session';

// What this app keeps in a session: `@Session() session: SessionData` is typed by it.
declare module 'express-session' {
  interface SessionData {
    userId?: string;
    cart?: Record<string, number>;
    [tab: `tab${number}`]: string;
  }
}
