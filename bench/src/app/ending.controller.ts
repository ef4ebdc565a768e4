import { promisify } from 'node:util';
import { Controller, Post, Req } from '@nestjs/common';
import type { Request } from 'express';

/** The ends of a session, with express-session's own methods. */
@Controller()
export class EndingController {
  /** Logs in: the session continues under a new id. */
  @Post('regenerate')
  async regenerate(@Req() request: Request): Promise<void> {
    const { session } = request;
    await promisify(session.regenerate.bind(session))();
    Object.assign(request.session, { userId: 4711 });
  }

  /** Logs out. */
  @Post('destroy')
  async destroy(@Req() { session }: Request): Promise<void> {
    await promisify(session.destroy.bind(session))();
  }
}
