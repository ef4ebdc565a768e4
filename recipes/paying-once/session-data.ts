import 'express-session';

export interface CartItem {
  readonly sku: string;
  quantity: number;
}

/** The answer to a request with an idempotency key. */
export interface KeptAnswer {
  readonly key: string;
  /** A hash of the request that was answered. */
  readonly request: string;
  readonly answer: unknown;
}

declare module 'express-session' {
  interface SessionData {
    cart?: CartItem[];
    /** The last answers, the latest at the end. */
    answers?: KeptAnswer[];
  }
}
