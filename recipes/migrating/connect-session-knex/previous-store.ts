import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import knex from 'knex';

/** The store that the app had, set up as it was. It goes on pruning what expires there. */
@Injectable()
export class PreviousStore extends ConnectSessionKnexStore implements OnApplicationShutdown {
  constructor() {
    super({ knex: knex({ client: 'better-sqlite3', connection: { filename: process.env.SQLITE_FILE! }, useNullAsDefault: true }) });
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.nextDbCleanup);
    await this.options.knex.destroy();
  }
}
