import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** Set by Passport: the user, as the serializer returns it. */
    passport?: { user?: string };
    lastPage?: string;
  }
}
