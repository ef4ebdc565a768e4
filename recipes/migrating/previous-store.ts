import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';

/** The previous store, with the same configuration as before. It continues to prune its expired sessions. */
@Injectable()
export class PreviousStore extends connectPgSimple(session) implements OnApplicationShutdown {
  constructor() {
    super({ conString: process.env.DATABASE_URL! });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }
}
