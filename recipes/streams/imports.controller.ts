import { Readable } from 'node:stream';
import { Controller, Delete, Get, Header, Req, Session, Sse, StreamableFile, type MessageEvent } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { map, type Observable } from 'rxjs';
import { SessionService } from 'nestjs-smart-session';
import { ImporterService } from './importer.service.js';
import './session-data.js';

@Controller()
export class ImportsController {
  constructor(
    private readonly importer: ImporterService,
    private readonly sessions: SessionService,
  ) {}

  /** The changes before an event are committed before the event is sent. After a logout, the stream ends. */
  @Sse('import')
  import(@Session() session: SessionData): Observable<MessageEvent> {
    return this.sessions.whileLive(session, this.importer.run()).pipe(
      map((rows) => {
        session.imported = rows;
        return { data: { rows } };
      }),
    );
  }

  /** The count is committed before the first byte is sent. */
  @Get('report')
  @Header('Content-Type', 'text/csv')
  download(@Session() session: SessionData): StreamableFile {
    session.downloads = (session.downloads ?? 0) + 1;
    return new StreamableFile(Readable.from(this.importer.report()), { disposition: 'attachment; filename="report.csv"' });
  }

  @Delete('session')
  logout(@Req() { sessionID }: Request): Promise<void> {
    return this.sessions.destroy(sessionID);
  }

  @Get('counts')
  show(@Session() { imported, downloads }: SessionData) {
    return { imported, downloads };
  }
}
