// A store that brings no types along: only what is called.

declare module 'express-mysql-session' {
  import type session from 'express-session';
  interface Options {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
    readonly schema: { readonly tableName: string };
  }
  type MySqlStore = session.Store & { onReady(): Promise<void>; close(): Promise<void> };
  export default function expressMySqlSession(sessions: typeof session): new (options: Options) => MySqlStore;
}
