import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { SessionGoneError, SessionService } from 'nestjs-smart-session';

/** Asks the strategy, and logs in whom it lets through: under a new session id, with what the session holds. */
@Injectable()
export class LoginGuard extends AuthGuard('local') {
  constructor(private readonly sessions: SessionService) {
    super({ keepSessionInfo: true });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    const request = context.switchToHttp().getRequest<Request>();
    // Also what other requests have stored while the password was checked. Passport copies it into the session that it makes.
    await this.sessions.regenerate(request, { keep: 'all' }).catch((error: unknown) => {
      // A login at the same time was faster, as after a double click. It has the values; this one begins anew.
      if (!(error instanceof SessionGoneError)) throw error;
      return this.sessions.regenerate(request);
    });
    await super.logIn(request);
    return true;
  }
}

/** Lets logged-in users through. */
@Injectable()
export class LoggedInGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.switchToHttp().getRequest<Request>().isAuthenticated()) return true;
    throw new UnauthorizedException();
  }
}
