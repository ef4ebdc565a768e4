import { Controller, Get, Session, UseGuards } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { Configuration, fetchUserInfo } from 'openid-client';
import { LoggedInGuard } from './auth.guards.js';
import './session-data.js';
import { TokensService } from './tokens.service.js';

/** Calls an API with the access token: here the provider's own one. */
@Controller('profile')
@UseGuards(LoggedInGuard)
export class ProfileController {
  constructor(
    private readonly tokens: TokensService,
    private readonly provider: Configuration,
  ) {}

  @Get()
  async show(@Session() session: SessionData): Promise<object> {
    // The guard has made it valid. So this sends nothing.
    const accessToken = await this.tokens.accessToken(session);
    return fetchUserInfo(this.provider, accessToken!, session.tokens!.subject);
  }
}
