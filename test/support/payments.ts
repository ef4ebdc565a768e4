import type { DialectName } from '../../src/index.js';

/** The tables of the app in which carts are paid. */
export const PAID_TABLES = { sessions: 'sessions_of_carts', orders: 'orders_of_carts' } as const;

/** How a cart is paid: the order and the empty cart in one transaction, or one after the other. */
export type Payment = 'transactional' | 'in two steps';

/** A step of a payment at which its request can be stopped. */
export type Step = 'before the order' | 'between the writes' | 'before COMMIT' | 'after COMMIT';

/** The app of a process. */
export interface PaymentApp {
  readonly database: DialectName;
  readonly repository: 'SqlSessionRepository' | 'EntityManagerSessionRepository';
  /** Options of MikroORM for its connection. */
  readonly connection: object;
}

/** A call of a process. It answers with its address. When a request stops, it sends the step. */
export type PaymentCall = PaymentApp | 'go on' | 'close';
