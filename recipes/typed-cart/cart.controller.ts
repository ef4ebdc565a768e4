import { Body, ConflictException, Controller, Delete, Get, Param, Patch, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { ReadOnlySession, SessionService } from 'nestjs-smart-session';
import './session-data.js';

const MOST_COUPONS = 2;

@Controller('cart')
export class CartController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  @ReadOnlySession()
  show(@Session() { cart = [], preferences = {}, coupons = [] }: SessionData) {
    return { cart, preferences, coupons };
  }

  /** The merge rule adds up the quantities of parallel requests. */
  @Post('items/:sku')
  add(@Session() session: SessionData, @Param('sku') sku: string): void {
    const cart = (session.cart ??= []);
    const item = cart.find((other) => other.sku === sku);
    if (item) item.quantity += 1;
    else cart.push({ sku, quantity: 1 });
  }

  @Delete('items/:sku')
  remove(@Session() session: SessionData, @Param('sku') sku: string): void {
    session.cart = session.cart?.filter((item) => item.sku !== sku);
  }

  /** The merge rule merges field by field. */
  @Patch('preferences')
  prefer(@Session() session: SessionData, @Body() preferences: NonNullable<SessionData['preferences']>): void {
    session.preferences = { ...session.preferences, ...preferences };
  }

  /** A limit needs the current record. An update reads it; the session of the request may be stale. */
  @Post('coupons/:code')
  async redeem(@Session() session: SessionData, @Param('code') code: string): Promise<{ left: number }> {
    const left = await this.sessions.update(session, (draft) => {
      const coupons = draft.coupons ?? [];
      if (coupons.length === MOST_COUPONS) throw new ConflictException(`${MOST_COUPONS} coupons are the most.`);
      draft.coupons = [...coupons, code];
      return MOST_COUPONS - draft.coupons.length;
    });
    return { left };
  }
}
