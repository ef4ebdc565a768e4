import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { SessionService } from 'nestjs-smart-session';
import type { Tokens } from './session-data.js';
import { TokensService } from './tokens.service.js';

/** Logs in at the provider, under a new session id. */
@Injectable()
export class LoginGuard extends AuthGuard('oidc') {
  constructor(private readonly sessions: SessionService) {
    // Providers issue a refresh token only if the user consents.
    super({ prompt: 'consent' });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    // At /login this redirects, and does not return.
    await super.canActivate(context);
    const request = context.switchToHttp().getRequest<Request>();
    await this.sessions.regenerate(request);
    request.session.tokens = request.user as Tokens;
    return true;
  }
}

/** Lets users through whose access token is valid, or can be refreshed. */
@Injectable()
export class LoggedInGuard implements CanActivate {
  constructor(private readonly tokens: TokensService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (await this.tokens.accessToken(context.switchToHttp().getRequest<Request>().session)) return true;
    throw new UnauthorizedException();
  }
}
