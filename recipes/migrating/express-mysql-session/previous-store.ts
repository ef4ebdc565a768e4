import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import mySqlStore from 'express-mysql-session';
import session from 'express-session';

const { hostname, port, username, password, pathname } = new URL(process.env.DATABASE_URL!);

/** The previous store, with the same configuration as before. It continues to prune its expired sessions. */
@Injectable()
export class PreviousStore extends mySqlStore(session) implements OnApplicationShutdown {
  constructor() {
    super({ host: hostname, port: Number(port), user: username, password, database: pathname.slice(1) });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }
}
