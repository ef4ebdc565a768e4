import { Readable } from 'node:stream';
import { Controller, Get, Header, Session, Sse, StreamableFile, type MessageEvent } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { map, type Observable } from 'rxjs';
import { ImporterService } from './importer.service.js';
import './session-data.js';

@Controller()
export class ImportsController {
  constructor(private readonly importer: ImporterService) {}

  /** The changes before an event are committed before the event is sent. */
  @Sse('import')
  import(@Session() session: SessionData): Observable<MessageEvent> {
    return this.importer.run().pipe(
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

  @Get('counts')
  show(@Session() { imported, downloads }: SessionData) {
    return { imported, downloads };
  }
}
