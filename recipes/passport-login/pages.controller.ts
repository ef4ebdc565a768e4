import { Controller, Get, Param, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import './session-data.js';

/** Pages for all visitors. Guests have a session too. */
@Controller('pages')
export class PagesController {
  @Get(':page')
  visit(@Session() session: SessionData, @Param('page') page: string): string {
    session.lastPage = page;
    return page;
  }
}
