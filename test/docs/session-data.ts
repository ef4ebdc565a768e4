// The values that the examples keep in a session. The other tests must not see this type.
import 'express-session';

declare module 'express-session' {
  interface SessionData {
    visits?: number;
    userId?: number;
    cart?: { sku: string; quantity: number }[];
    preferences?: Record<string, string>;
    tickets?: number;
    highScore?: number;
    draft?: { text: string; isSubmitted?: boolean };
    user?: string;
  }
}
