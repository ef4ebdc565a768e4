// The parts of the packages that are used here. The packages have no types.

declare module 'better-sqlite3-session-store' {
  import type session from 'express-session';

  interface Options {
    client: import('better-sqlite3').Database;
    expired: { clear: boolean; intervalMs: number };
  }

  export default function sqliteStore(sessions: typeof session): new (options: Options) => session.Store;
}

declare module 'express-mysql-session' {
  import type session from 'express-session';

  interface Options {
    host?: string;
    port?: number;
    user?: string;
    password: string;
    database?: string;
    schema: { tableName: string };
  }

  interface MySqlStore extends session.Store {
    onReady(): Promise<void>;
  }

  export default function mySqlStore(sessions: typeof session): new (options: Options) => MySqlStore;
}
