import { Controller, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { SessionService } from 'nestjs-smart-session';

declare module 'express-session' {
  interface SessionData {
    visits?: number;
  }
}

@Controller('visits')
export class VisitsController {
  constructor(private readonly sessions: SessionService) {}

  @Post()
  async visit(@Session() session: SessionData): Promise<string> {
    session.visits = (session.visits ?? 0) + 1;
    return `${session.visits} of ${typeof (await this.sessions.count())}`;
  }
}
