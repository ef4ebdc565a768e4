import { ForbiddenException, Injectable, Logger } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService } from 'nestjs-smart-session';
import './session-data.js';
import { UsersService } from './users.service.js';

const LONGEST = 30 * 60_000;

/** Lets an administrator act as a user, and go back. */
@Injectable()
export class ImpersonationService {
  readonly #audit = new Logger('Audit');

  constructor(
    private readonly sessions: SessionService,
    private readonly users: UsersService,
  ) {}

  async start(request: Request, user: string): Promise<void> {
    const { user: admin, actor } = request.session;
    // While an administrator acts as a user, only the user's rights apply.
    if (actor || !admin || !this.users.isAdmin(admin)) throw new ForbiddenException();
    if (!this.users.exists(user) || this.users.isAdmin(user)) throw new ForbiddenException();
    // Without `keep`: no value of the administrator gets into the user's session.
    await this.sessions.regenerate(request);
    Object.assign(request.session, { user, actor: { id: admin, until: Date.now() + LONGEST } });
    this.log(request, 'starts to act for the user');
    await this.sessions.commit(request.session);
    await this.#showInList(request, user, admin);
  }

  async stop(request: Request): Promise<void> {
    const { actor } = request.session;
    if (!actor) throw new ForbiddenException();
    this.log(request, 'stops');
    // Without `keep`: no value of the user gets into the administrator's session.
    await this.sessions.regenerate(request);
    if (this.users.isAdmin(actor.id)) request.session.user = actor.id;
  }

  /** Writes a line that names the true actor. */
  log({ session: { user, actor } }: Request, action: string): void {
    this.#audit.log(actor ? `${actor.id} as ${user}: ${action}` : `${user}: ${action}`);
  }

  /** The user sees the session among the own devices, and can end it. */
  async #showInList({ sessionID }: Request, userId: string, admin: string): Promise<void> {
    const listed = await this.sessions.list({ userId, current: sessionID });
    const own = listed.find(({ isCurrent }) => isCurrent);
    if (own) await this.sessions.labelDevice({ userId, handle: own.handle, label: `Support: ${admin}` });
  }
}
