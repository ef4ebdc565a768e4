// Types for stores without their own: only what the benchmark and the tests call.

declare module 'better-sqlite3-session-store' {
  import type { Database } from 'better-sqlite3';
  import type session from 'express-session';
  interface Options {
    readonly client: Database;
    readonly expired?: { readonly clear: boolean; readonly intervalMs: number };
  }
  export default function sqliteStore(sessions: typeof session): new (options: Options) => session.Store;
}

declare module 'express-mysql-session' {
  import type session from 'express-session';
  interface Options {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
    readonly connectionLimit?: number;
    readonly schema?: { readonly tableName: string };
  }
  type MySqlStore = session.Store & { onReady(): Promise<void>; close(): Promise<void> };
  export default function mySqlStore(sessions: typeof session): new (options: Options) => MySqlStore;
}
