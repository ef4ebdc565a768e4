import { Controller, Get, Post, Query, Session } from '@nestjs/common';
import { SLOTS, sampleSession, slotKey } from './sample-session.js';

type AnySession = Record<string, unknown>;

/** The app under test. It is the same for each store. */
@Controller()
export class SessionController {
  /** Returns the value of a slot. */
  @Get('read')
  read(@Session() session: AnySession, @Query('slot') slot: string): unknown {
    return session[slotKey(slot)];
  }

  /** Sets one slot and returns its previous value. */
  @Post('write')
  write(@Session() session: AnySession, @Query('slot') slot: string, @Query('value') value: string): unknown {
    const key = slotKey(slot);
    const before = session[key];
    session[key] = value;
    return before;
  }

  /** Returns all slots, for the check after a run. */
  @Get('slots')
  slots(@Session() session: AnySession): unknown[] {
    return Array.from({ length: SLOTS }, (_, slot) => session[slotKey(slot)] ?? null);
  }

  /** Fills a new session. */
  @Post('seed')
  seed(@Session() session: AnySession, @Query('bytes') bytes: string): void {
    Object.assign(session, sampleSession(Number(bytes)));
  }
}
