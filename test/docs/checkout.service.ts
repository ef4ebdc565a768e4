import { EntityManager, EntitySchema } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { SessionService } from 'nestjs-smart-session';

/** A row of the app. */
export class Order {
  id!: number;
  items!: string;
}

export const OrderSchema = new EntitySchema<Order>({
  class: Order,
  properties: { id: { type: 'number', primary: true, autoincrement: true }, items: { type: 'string', length: 1000 } },
});

/** A service outside of the database. */
export abstract class Stock {
  abstract reserve(sku: string, quantity: number): Promise<void>;
}

@Injectable()
export class CheckoutService {
  constructor(
    private readonly sessions: SessionService,
    private readonly em: EntityManager,
    private readonly stock: Stock,
  ) {}

  /** Places an order for the cart, and empties it. Returns false if the cart is empty. */
  order(session: SessionData): Promise<boolean> {
    return this.sessions.transactional(session, (em, draft) => {
      const { cart = [] } = draft;
      if (cart.length === 0) return false;
      em.persist(em.create(Order, { items: JSON.stringify(cart) }));
      draft.cart = [];
      return true;
    });
  }

  /** Places an order without items, in a transaction of the app. */
  async visit(session: SessionData): Promise<void> {
    await this.em.transactional(async (em) => {
      em.persist(em.create(Order, { items: '[]' }));
      await this.sessions.update(session, (draft) => (draft.visits = (draft.visits ?? 0) + 1), { em });
    });
  }

  /** Reserves the items of the cart, one request at a time. */
  reserve(session: SessionData): Promise<void> {
    return this.sessions.lock(session, 'checkout', async (locked) => {
      if (locked.reservedAt) return;
      for (const { sku, quantity } of locked.cart ?? []) await this.stock.reserve(sku, quantity);
      locked.reservedAt = Date.now();
    });
  }
}

declare module 'express-session' {
  interface SessionData {
    reservedAt?: number;
  }
}
