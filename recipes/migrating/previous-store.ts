import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';

/** The store that the app had, set up as it was. It goes on pruning what expires there. */
@Injectable()
export class PreviousStore extends connectPgSimple(session) implements OnApplicationShutdown {
  constructor() {
    super({ conString: process.env.DATABASE_URL! });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }
}
