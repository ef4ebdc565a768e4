import 'express-session';

declare module 'express-session' {
  interface SessionData {
    imported?: number;
    downloads?: number;
  }
}
