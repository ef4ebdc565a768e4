import { Body, Controller, Get, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import './session-data.js';

/** The app, which does not change. */
@Controller()
export class ShopController {
  @Post('login')
  login(@Session() session: SessionData, @Body() { user }: { user: string }): void {
    session.user = user;
  }

  @Post('wishlist')
  add(@Session() session: SessionData, @Body() { sku }: { sku: string }): void {
    session.wishlist = [...(session.wishlist ?? []), sku];
  }

  @Get()
  show(@Session() { user, wishlist }: SessionData): object {
    return { user, wishlist };
  }
}
