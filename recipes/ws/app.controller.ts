import { Controller, Delete, Get, Post, Req, Session } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { SessionService } from 'nestjs-smart-session';
import './session-data.js';

@Controller()
export class AppController {
  constructor(private readonly sessions: SessionService) {}

  @Get('me')
  show(@Session() { nickname, messagesSent }: SessionData) {
    return { nickname, messagesSent };
  }

  @Post('login')
  login(@Session() session: SessionData): void {
    session.nickname = 'anna';
  }

  @Delete('login')
  logout(@Req() { sessionID }: Request): Promise<void> {
    return this.sessions.destroy(sessionID);
  }
}
