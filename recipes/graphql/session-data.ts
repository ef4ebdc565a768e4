import 'express-session';

declare module 'express-session' {
  interface SessionData {
    name?: string;
    basket?: string[];
    shown?: number;
  }
}
