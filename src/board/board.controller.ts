import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  Header,
  Headers,
  Injectable,
  Post,
  Query,
  Redirect,
  UseGuards,
  type Type,
} from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { NoTouch } from '../decorators/no-touch.decorator.js';
import { BoardData } from './board-data.js';
import type { SessionBoardOptions } from './board-options.js';
import { boardPage } from './board-page.js';
import { STYLE } from './board-style.js';
import { isSameOrigin } from './same-origin.js';

/** The page has no script, and loads nothing. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

@Injectable()
class BoardController {
  constructor(private readonly data: BoardData) {}

  @Get()
  @NoTouch()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', POLICY)
  @Header('Cache-Control', 'no-store')
  @Header('X-Content-Type-Options', 'nosniff')
  // With `no-referrer`, browsers send the form without its origin.
  @Header('Referrer-Policy', 'same-origin')
  async show(@Query('user') user?: unknown, @Query('ended') ended?: unknown): Promise<string> {
    return boardPage(await this.data.read(typeof user === 'string' ? user : undefined), typeof ended === 'string' ? ended : undefined);
  }

  /** Ends a session. The address stays that of the page, so the board knows no prefix. */
  @Post()
  @NoTouch()
  @Redirect(undefined, 303)
  async end(@Headers() headers: IncomingHttpHeaders, @Body() body?: { user?: unknown; handle?: unknown }): Promise<{ url: string }> {
    if (!isSameOrigin(headers)) throw new ForbiddenException('Sessions are ended on the board only. Open it, and press its button.');
    const [user, handle] = [String(body?.user ?? ''), String(body?.handle ?? '')];
    const isEnded = user !== '' && (await this.data.end(user, handle));
    return { url: `?${new URLSearchParams({ user, ended: isEnded ? 'yes' : 'no' })}` };
  }
}

/** Makes the controller of a board. */
export function boardControllerAt(path: string, guard: SessionBoardOptions['guard']): Type {
  class SessionBoardController extends BoardController {}
  Controller(path)(SessionBoardController);
  if (guard) UseGuards(guard)(SessionBoardController);
  return SessionBoardController;
}
