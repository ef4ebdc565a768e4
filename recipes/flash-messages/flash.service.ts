import { Injectable } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { SessionService } from 'nestjs-smart-session';
import './session-data.js';

/** Messages that survive a redirect and are shown once. */
@Injectable()
export class FlashService {
  constructor(private readonly sessions: SessionService) {}

  add(session: SessionData, message: string): void {
    session.flash = [...(session.flash ?? []), message];
  }

  /** Takes the messages out of the session. Of several parallel requests, one gets them. */
  async take(session: SessionData): Promise<string[]> {
    if (!session.flash) return [];
    return this.sessions.update(session, (draft) => {
      const messages = draft.flash ?? [];
      delete draft.flash;
      return messages;
    });
  }
}
