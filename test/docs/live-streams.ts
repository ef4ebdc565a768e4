import type { Writable } from 'node:stream';
import { Controller, Session, Sse, type MessageEvent } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { SessionService } from 'nestjs-smart-session';
import { interval, map, type Observable } from 'rxjs';
import './session-data.js';

/** The app's own source of prices. */
export class Prices {
  changes(): Observable<number> {
    return interval(1000);
  }
}

@Controller()
export class PricesController {
  constructor(
    private readonly prices: Prices,
    private readonly sessions: SessionService,
  ) {}

  @Sse('prices')
  show(@Session() session: SessionData): Observable<MessageEvent> {
    return this.sessions.whileLive(session, this.prices.changes()).pipe(map((price) => ({ data: { price } })));
  }

  async export(session: SessionData, rows: AsyncIterable<string>, response: Writable): Promise<void> {
    for await (const row of this.sessions.whileLive(session, rows)) response.write(row);
    response.end();
  }
}
