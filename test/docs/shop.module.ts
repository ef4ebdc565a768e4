import { Controller, Get, Module, Param, Post, Session, UnauthorizedException } from '@nestjs/common';
import type { SessionData } from 'express-session';
import './session-data.js';

@Controller('cart')
class CartController {
  @Get()
  show(@Session() { userId, cart = [] }: SessionData) {
    if (userId === undefined) throw new UnauthorizedException();
    return cart;
  }

  @Post(':sku')
  add(@Session() session: SessionData, @Param('sku') sku: string): void {
    session.cart = [...(session.cart ?? []), { sku, quantity: 1 }];
  }
}

@Module({ controllers: [CartController] })
export class ShopModule {}
