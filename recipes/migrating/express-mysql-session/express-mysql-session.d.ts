/** The part of the package that is used here. The package has no types. */
declare module 'express-mysql-session' {
  import { Store, type SessionData } from 'express-session';
  import type session from 'express-session';

  interface Options {
    host: string;
    port: number;
    user: string;
    password: string;
    database: string;
  }

  class MySqlStore extends Store {
    constructor(options: Options);
    get(sessionId: string, callback: (error: unknown, session?: SessionData | null) => void): void;
    set(sessionId: string, session: SessionData, callback?: (error?: unknown) => void): void;
    destroy(sessionId: string, callback?: (error?: unknown) => void): void;
    close(): Promise<void>;
  }

  export default function mySqlStore(sessions: typeof session): typeof MySqlStore;
}
