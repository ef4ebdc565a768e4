import type { RunStatement, StatementResult } from './run-statement.js';

/** What is used of a statement of better-sqlite3. */
interface Statement {
  /** Whether it gives rows. */
  readonly reader: boolean;
  all(parameters: readonly unknown[]): unknown[];
  run(parameters: readonly unknown[]): { readonly changes: number };
}

/** What is used of a database of better-sqlite3. */
interface Database {
  prepare(sql: string): Statement;
}

/** So many statements stay compiled: there is one text for each number of rows up to 100, of loads, of updates and of touches. */
const MOST = 400;

const OF_DATABASE = new WeakMap<object, RunStatement>();

/**
 * Runs statements on a database of better-sqlite3, each compiled once: to compile one takes longer than to run
 * it, 28 µs beside 7 for a load, and 36 of 103 for an update.
 */
export function onDatabase(database: object): RunStatement {
  const known = OF_DATABASE.get(database);
  if (known) return known;
  const run = compiling(database as Database);
  OF_DATABASE.set(database, run);
  return run;
}

function compiling(database: Database): RunStatement {
  const statements = new Map<string, Statement>();
  return async (sql, parameters = []) => {
    return execute(statements.get(sql) ?? keep(statements, sql, database.prepare(sql)), parameters);
  };
}

function execute(statement: Statement, parameters: readonly unknown[]): StatementResult {
  if (!statement.reader) return { rows: [], affected: statement.run(parameters).changes };
  return { rows: statement.all(parameters) as Record<string, unknown>[], affected: 0 };
}

/** The statement that was compiled first gives way. */
function keep(statements: Map<string, Statement>, sql: string, statement: Statement): Statement {
  const [first] = statements.keys();
  if (statements.size === MOST && first !== undefined) statements.delete(first);
  statements.set(sql, statement);
  return statement;
}
