import { Body, Controller, Delete, Module, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService, SmartSessionModule } from 'nestjs-smart-session';
import './session-data.js';

export const userSessions = () =>
  SmartSessionModule.forRoot('postgresql', { userId: 'user', ttl: 30 * 60_000, absoluteTtl: 12 * 60 * 60_000, maxSessionsPerUser: 5 });

export const withDevices = () => SmartSessionModule.forRoot('postgresql', { userId: 'user', devices: { ip: 'anonymized' } });

export async function exportAndErase(sessions: SessionService, userId: string) {
  const stored = await sessions.exportUser(userId);
  const erased = await sessions.eraseUser(userId);
  return { stored, erased };
}

@Controller()
class LoginController {
  constructor(private readonly sessions: SessionService) {}

  @Post('log-in')
  async login(@Req() request: Request, @Body() user: { id: string }): Promise<void> {
    await this.sessions.regenerate(request, { keep: ['cart'] });
    request.session.user = user.id;
  }

  @Delete('login')
  async logout(@Req() request: Request): Promise<void> {
    await this.sessions.destroy(request.sessionID);
  }
}

@Module({ controllers: [LoginController] })
export class LoginModule {}
