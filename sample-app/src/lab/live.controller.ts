import { Controller, Session, Sse, type MessageEvent } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { NoTouch, SessionService } from 'nestjs-smart-session';
import { Observable } from 'rxjs';
import '../session-data.js';

/** Holds the live panels. It runs in a racing process, so that a panel's process is another one than that of the logout. */
@Controller()
export class LiveController {
  constructor(private readonly sessions: SessionService) {}

  /** Tells which keys of the session have changed. Ends with the session. */
  @Sse('live')
  @NoTouch()
  live(@Session() session: SessionData): Observable<MessageEvent> {
    return new Observable((subscriber) => {
      const tell = (data: object) => subscriber.next({ data });
      const watch = this.sessions.watch(session, {
        onChange: ({ keys }) => tell({ type: 'changed', keys }),
        onEnd: ({ reason }) => {
          tell({ type: 'end', reason });
          subscriber.complete();
        },
      });
      tell({ type: 'open', process: process.pid });
      return () => watch.stop();
    });
  }
}
