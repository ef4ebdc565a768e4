import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { SessionGoneError, SessionService } from 'nestjs-smart-session';

/** Logs in a user that the strategy accepts, under a new session id, with the values of the session. */
@Injectable()
export class LoginGuard extends AuthGuard('local') {
  constructor(private readonly sessions: SessionService) {
    super({ keepSessionInfo: true });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    const request = context.switchToHttp().getRequest<Request>();
    // Also copies what other requests stored during the password check. Passport copies it into its new session.
    await this.sessions.regenerate(request, { keep: 'all' }).catch((error: unknown) => {
      // A parallel login was faster, as after a double click, and has the values. This one starts with an empty session.
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
