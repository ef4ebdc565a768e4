import 'express-session';

declare module 'express-session' {
  interface SessionData {
    [product: `seen ${string}`]: string;
  }
}
