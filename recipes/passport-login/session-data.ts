import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** Passport's own: what the serializer made of the user. */
    passport?: { user?: string };
    lastPage?: string;
  }
}
