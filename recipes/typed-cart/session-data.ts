import 'express-session';

export interface CartItem {
  readonly sku: string;
  quantity: number;
}

declare module 'express-session' {
  interface SessionData {
    cart?: CartItem[];
    preferences?: { currency?: 'EUR' | 'USD'; country?: string };
    coupons?: string[];
  }
}
