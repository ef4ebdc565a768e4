import 'express-session';

// The values that this app keeps in a session. They give `@Session() session: SessionData` its type.
declare module 'express-session' {
  interface SessionData {
    userId?: string;
    visits?: number;
    cart?: { sku: string; quantity: number }[];
    preferences?: Record<string, string>;
    tickets?: number;
    orders?: number;
    /** The race in the lab that the session belongs to. */
    race?: string;
    [tab: `tab${number}`]: string;
  }
}
