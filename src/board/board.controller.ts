import {
  BadRequestException,
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Post,
  Req,
  Res,
  UseGuards,
  VERSION_NEUTRAL,
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

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': POLICY,
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  // For browsers without `frame-ancestors`.
  'X-Frame-Options': 'DENY',
  // With `no-referrer`, browsers send the form without its origin.
  'Referrer-Policy': 'same-origin',
};

/** The used part of a request of Express and of Fastify. */
interface BoardRequest {
  readonly headers: IncomingHttpHeaders;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** The used part of a response of Express and of Fastify. */
interface BoardResponse {
  status(code: number): this;
  header(name: string, value: string): this;
  send(body: string): unknown;
}

/** Answers by itself, so that an interceptor of the app does not wrap the page, and no pipe of the app changes the fields of the form. */
@Injectable()
class BoardController {
  constructor(private readonly data: BoardData) {}

  @Get()
  @NoTouch()
  async show(@Req() { query }: BoardRequest, @Res() response: BoardResponse): Promise<void> {
    const page = boardPage(await this.data.read(textIn(query, 'user')), textIn(query, 'ended'));
    for (const [name, value] of Object.entries(HEADERS)) response.header(name, value);
    response.send(page);
  }

  /** Ends a session. The address stays that of the page, so the board knows no prefix. */
  @Post()
  @NoTouch()
  async end(@Req() { headers, body }: BoardRequest, @Res() response: BoardResponse): Promise<void> {
    if (!isSameOrigin(headers)) throw new ForbiddenException('Sessions are ended on the board only. Open it, and press its button.');
    const [user, handle] = [textIn(body, 'user'), textIn(body, 'handle')];
    if (!user || !handle)
      throw new BadRequestException(
        'The form has no user or no handle. The app must parse forms, as Nest does without `bodyParser: false`.',
      );
    const ended = (await this.data.end(user, handle)) ? 'yes' : 'no';
    response
      .status(303)
      .header('Location', `?${new URLSearchParams({ user, ended })}`)
      .send('');
  }
}

function textIn(fields: unknown, name: string): string | undefined {
  const text = (fields as Readonly<Record<string, unknown>> | undefined | null)?.[name];
  return typeof text === 'string' ? text : undefined;
}

/** Makes the controller of a board. It has no version, because browsers open it by its path. */
export function boardControllerAt({ path = 'sessions', guard, decorators = [] }: SessionBoardOptions): Type {
  class SessionBoardController extends BoardController {}
  Controller({ path, version: VERSION_NEUTRAL })(SessionBoardController);
  if (guard) UseGuards(guard)(SessionBoardController);
  for (const decorate of decorators) decorate(SessionBoardController);
  return SessionBoardController;
}
