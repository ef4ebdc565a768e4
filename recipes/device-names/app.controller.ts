import { Body, Controller, Get, Post, Req, UnauthorizedException } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService } from 'nestjs-smart-session';
import './session-data.js';

@Controller()
export class AppController {
  constructor(private readonly sessions: SessionService) {}

  /** An app checks a password here. */
  @Post('login')
  async login(@Req() request: Request, @Body() { user }: { user: string }): Promise<void> {
    await this.sessions.regenerate(request);
    request.session.user = user;
  }

  @Get('devices')
  async devices(@Req() { session, sessionID }: Request): Promise<object[]> {
    if (!session.user) throw new UnauthorizedException();
    const listed = await this.sessions.list({ userId: session.user, current: sessionID });
    return listed.map(({ deviceLabel, deviceName, isCurrent, lastSeenAt }) => ({
      device: deviceLabel ?? deviceName ?? 'Unknown device',
      isCurrent,
      lastSeenAt,
    }));
  }
}
