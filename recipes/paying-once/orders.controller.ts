import { Controller, Get, Post, Session } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import type { SessionData } from 'express-session';
import { SessionService, type SessionDraft } from 'nestjs-smart-session';
import { Draft, Idempotent } from './idempotent.decorator.js';
import { Order } from './order.entity.js';
import { OrdersService, type PlacedOrder } from './orders.service.js';

@Controller('orders')
export class OrdersController {
  constructor(
    private readonly sessions: SessionService,
    private readonly orders: OrdersService,
    private readonly em: EntityManager,
  ) {}

  @Get()
  list() {
    return this.em.findAll(Order);
  }

  /** A second click finds an empty cart. */
  @Post()
  place(@Session() session: SessionData): Promise<PlacedOrder> {
    return this.sessions.transactional(session, (em, draft) => this.orders.place(em, draft));
  }

  /** A second request with the same key gets the answer of the first. */
  @Post('once')
  @Idempotent()
  placeOnce(@Draft() draft: SessionDraft): Promise<PlacedOrder> {
    return this.orders.place(this.em, draft);
  }
}
