import 'express-session';

// What this app keeps in a session: `@Session() session: SessionData` is typed by it.
declare module 'express-session' {
  interface SessionData {
    userId?: string;
    visits?: number;
    cart?: { sku: string; quantity: number }[];
    preferences?: Record<string, string>;
    tickets?: number;
    orders?: number;
    /** The race in the lab that the session is for. */
    race?: string;
    [tab: `tab${number}`]: string;
  }
}
