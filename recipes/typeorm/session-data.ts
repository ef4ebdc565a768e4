import 'express-session';

declare module 'express-session' {
  interface SessionData {
    [product: `viewed ${string}`]: string;
  }
}
