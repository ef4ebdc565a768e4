import { Controller, Post, Query, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { LockSession, SessionService } from 'nestjs-smart-session';
import { slotKey } from './sample-session.js';

/** The ways of this library to write a value that depends on the stored one. */
@Controller()
export class ExactWriteController {
  constructor(private readonly sessions: SessionService) {}

  /** Sets one slot in one step with the version check. */
  @Post('update')
  async update(@Session() session: SessionData, @Query('slot') slot: string, @Query('value') value: string): Promise<void> {
    await this.sessions.update(session, (draft) => void Object.assign(draft, { [slotKey(slot)]: value }));
  }

  /** Sets one slot while no other request has the session. */
  @Post('locked')
  @LockSession()
  locked(@Session() session: Record<string, unknown>, @Query('slot') slot: string, @Query('value') value: string): void {
    session[slotKey(slot)] = value;
  }
}
