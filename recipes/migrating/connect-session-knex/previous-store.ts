import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import knex from 'knex';

/** The previous store, with the same configuration as before. It continues to prune its expired sessions. */
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
