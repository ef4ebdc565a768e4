import { Body, Controller, Get, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { SessionService } from 'nestjs-smart-session';
import type { CartItem } from './session-data.js';

@Controller('cart')
export class CartController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  show(@Session() { cart = [] }: SessionData): CartItem[] {
    return cart;
  }

  @Post()
  add(@Session() session: SessionData, @Body() item: CartItem): Promise<CartItem[]> {
    return this.sessions.update(session, (draft) => (draft.cart = [...(draft.cart ?? []), item]));
  }
}
