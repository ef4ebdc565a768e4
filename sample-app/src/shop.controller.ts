import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Get, Param, Patch, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { LockSession, NoTouch, ReadOnlySession, SessionService } from 'nestjs-smart-session';
import './session-data.js';

/** Handlers that read and rewrite one key: with the merge rules of AppModule, with an update, and under a lock. */
@Controller()
export class ShopController {
  constructor(private readonly sessions: SessionService) {}

  @Post('visits')
  visit(@Session() session: SessionData): void {
    session.visits = (session.visits ?? 0) + 1;
  }

  @Post('cart/:sku')
  addToCart(@Session() session: SessionData, @Param('sku') sku: string): void {
    const cart = (session.cart ??= []);
    const item = cart.find((other) => other.sku === sku);
    if (item) item.quantity += 1;
    else cart.push({ sku, quantity: 1 });
  }

  @Patch('preferences')
  prefer(@Session() session: SessionData, @Body() preferences: Record<string, string>): void {
    session.preferences = { ...session.preferences, ...preferences };
  }

  /** Polled by an open page. These requests alone do not keep a session alive. */
  @Get('cart')
  @NoTouch()
  @ReadOnlySession()
  readCart(@Session() { cart }: SessionData): unknown {
    return cart ?? [];
  }

  /** Returns a number that no other request gets. */
  @Post('tickets')
  async drawTicket(@Session() session: SessionData): Promise<{ ticket: number }> {
    const ticket = await this.sessions.update(session, (draft) => (draft.tickets = (draft.tickets ?? 0) + 1));
    return { ticket };
  }

  /** Pays the cart. The lock lets one request at a time pay, so that the others find an empty cart. */
  @Post('orders')
  @LockSession({ timeout: 30_000 })
  async order(@Session() session: SessionData): Promise<{ paid: number }> {
    const paid = (session.cart ?? []).reduce((sum, { quantity }) => sum + quantity, 0);
    await sleep(10); // the payment
    session.orders = (session.orders ?? 0) + paid;
    session.cart = [];
    return { paid };
  }
}
