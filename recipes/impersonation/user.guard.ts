import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService } from 'nestjs-smart-session';
import './session-data.js';
import { UsersService } from './users.service.js';

/**
 * Lets users through. If an administrator acts as the user, each request checks that the administrator still may: the session belongs to
 * the user, so that a logout of the administrator's own sessions does not end it.
 */
@Injectable()
export class UserGuard implements CanActivate {
  constructor(
    private readonly sessions: SessionService,
    private readonly users: UsersService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { session, sessionID } = context.switchToHttp().getRequest<Request>();
    const { user, actor } = session;
    if (user && (!actor || (this.users.isAdmin(actor.id) && Date.now() < actor.until))) return true;
    if (actor) await this.sessions.destroy(sessionID);
    throw new UnauthorizedException();
  }
}
