import { ConflictException, Injectable, type OnModuleInit } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/core';
import type { SessionDraft } from 'nestjs-smart-session';
import { Order } from './order.entity.js';
import './session-data.js';

export interface PlacedOrder {
  readonly order: number;
}

@Injectable()
export class OrdersService implements OnModuleInit {
  constructor(private readonly orm: MikroORM) {}

  /** Creates the table. A real app has migrations. */
  async onModuleInit(): Promise<void> {
    await this.orm.schema.update();
  }

  /** Places an order for the cart and empties it, in a transaction of its caller. May run again, so it changes nothing else. */
  async place(em: EntityManager, draft: SessionDraft): Promise<PlacedOrder> {
    const { cart: items = [] } = draft;
    if (items.length === 0) throw new ConflictException('The cart is empty.');
    const order = em.create(Order, { items });
    await em.persist(order).flush();
    draft.cart = [];
    return { order: order.id };
  }
}
