import { Controller, Get, Param, ParseIntPipe, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';

declare module 'express-session' {
  interface SessionData {
    userId?: number;
    cart?: { sku: string; quantity: number }[];
  }
}

@Controller('cart')
export class CartController {
  @Get()
  show(@Session() session: SessionData) {
    return session.cart ?? [];
  }

  @Post(':sku/:quantity')
  add(@Session() session: SessionData, @Param('sku') sku: string, @Param('quantity', ParseIntPipe) quantity: number): void {
    session.cart = [...(session.cart ?? []), { sku, quantity }];
  }
}
