import { Controller, Get, Param, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';

declare module 'express-session' {
  interface SessionData {
    wishlist?: string[];
  }
}

@Controller('wishlist')
export class WishlistController {
  @Get()
  show(@Session() session: SessionData): string[] {
    return session.wishlist ?? [];
  }

  @Post(':sku')
  add(@Session() session: SessionData, @Param('sku') sku: string): void {
    session.wishlist = [...(session.wishlist ?? []), sku];
  }
}
