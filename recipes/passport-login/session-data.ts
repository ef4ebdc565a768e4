import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** Set by Passport: the result of the serializer. */
    passport?: { user?: string };
    lastPage?: string;
  }
}
