import { Body, Controller, Get, Post, Req, Session } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { SessionService } from 'nestjs-smart-session';
import './session-data.js';

@Controller()
export class ShopController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  show(@Session() { user_id, wishlist }: SessionData): object {
    return { user_id, wishlist };
  }

  @Post('wishlist')
  add(@Session() session: SessionData, @Body() { sku }: { sku: string }): void {
    session.wishlist = [...(session.wishlist ?? []), sku];
  }

  @Post('login')
  async login(@Req() request: Request, @Body() { userId }: { userId: number }): Promise<void> {
    await this.sessions.regenerate(request, { keep: ['wishlist'] });
    request.session.user_id = userId;
  }

  @Post('logout')
  async logout(@Req() { sessionID }: Request): Promise<void> {
    await this.sessions.destroy(sessionID);
  }
}
