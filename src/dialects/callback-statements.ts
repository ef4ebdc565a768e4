import type { RunStatement } from './run-statement.js';

/** The used part of a sqlite3 database. */
interface Database {
  all(sql: string, parameters: readonly unknown[], done: (error: Error | null, rows: Record<string, unknown>[]) => void): void;
  run(sql: string, parameters: readonly unknown[], done: (this: { readonly changes: number }, error: Error | null) => void): void;
}

/** A quoted name may contain anything. */
const QUOTED_NAME = /"[^"]*"/g;
const GIVES_ROWS = /^(select|pragma)\b|\breturning\b/i;

/** Runs statements on a sqlite3 database. MikroORM 6 uses sqlite3 in @mikro-orm/sqlite. */
export function onCallbackDatabase(database: Database): RunStatement {
  return (sql, parameters = []) =>
    new Promise((resolve, reject) => {
      // sqlite3 does not say which statements return rows.
      if (GIVES_ROWS.test(sql.replaceAll(QUOTED_NAME, '""'))) {
        database.all(sql, parameters, (error, rows) => (error ? reject(error) : resolve({ rows, affected: 0 })));
        return;
      }
      database.run(sql, parameters, function changed(error) {
        if (error) reject(error);
        else resolve({ rows: [], affected: this.changes });
      });
    });
}

/** Whether a client is a sqlite3 database, not a better-sqlite3 one. */
export function callsBack(database: object): database is Database {
  return 'all' in database;
}
