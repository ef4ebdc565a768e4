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
    [tab: `tab${number}`]: string;
  }
}
