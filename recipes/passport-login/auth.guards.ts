import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { SessionGoneError, SessionService } from 'nestjs-smart-session';

/** Asks the strategy and logs the user in, under a new session id and with the session's values. */
@Injectable()
export class LoginGuard extends AuthGuard('local') {
  constructor(private readonly sessions: SessionService) {
    super({ keepSessionInfo: true });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    const request = context.switchToHttp().getRequest<Request>();
    // This keeps values that other requests have stored while the password was checked. Passport copies them into the session it
    // makes.
    await this.sessions.regenerate(request, { keep: 'all' }).catch((error: unknown) => {
      // Another login was faster, for example after a double click. It has the values, and this session starts empty.
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
