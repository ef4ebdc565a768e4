import { setImmediate } from 'node:timers/promises';
import { ENDED, type ClientKind, type ConnectionPool } from './connection-pool.js';
import { openTransaction } from './open-transaction.js';

/** The used part of a better-sqlite3 database. */
interface Database {
  readonly open: boolean;
  readonly memory: boolean;
  readonly readonly: boolean;
  readonly inTransaction: boolean;
  pragma(text: string): unknown;
  prepare(sql: string): { run(...parameters: unknown[]): unknown };
  close(): void;
}

type DatabaseClass = new (name: string, options: object) => Database;

/** In ms. The wait for locks in the engine blocks the whole process. The commit retries instead. */
const LOCK_WAIT = 50;

/**
 * The database of better-sqlite3. Sessions use the file on a connection of their own, so that no statement of a session is part of
 * the app's transactions, and the other way round. A database in memory has only one connection.
 */
export const betterSqliteDatabase: ClientKind = {
  name: 'a `Database` of better-sqlite3',
  isOne: isDatabase,
  flawIn: (client) => flawIn(client as Database),
  open: (client) => opened(client as Database),
};

const READ_ONLY = ['it was opened with `readonly`', 'Open it without, or give another database.'] as const;

function flawIn({ open, readonly }: Database) {
  if (!open) return ENDED;
  return readonly ? READ_ONLY : undefined;
}

function opened(database: Database): ConnectionPool {
  if (database.memory) return new OneConnection(database);
  const own = openAgain(database);
  return new OneConnection(own, () => own.close());
}

/** Lends one connection to one caller at a time. */
class OneConnection implements ConnectionPool {
  readonly #database: Database;
  readonly #waiting: (() => void)[] = [];
  #isLent = false;

  constructor(
    database: Database,
    readonly close?: () => void,
  ) {
    this.#database = database;
  }

  async acquire(): Promise<object> {
    if (this.#isLent) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isLent = true;
    if (!this.#database.inTransaction) return this.#database;
    this.release();
    throw openTransaction();
  }

  /**
   * Waits for a turn of the event loop. All statements of a transaction then run in this turn, because the driver does not wait. A
   * statement of the app in between would be part of it, or would block the process until its `timeout`, and fail.
   */
  async beforeTransaction(): Promise<void> {
    await setImmediate();
    if (this.#database.inTransaction) throw openTransaction();
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#isLent = false;
  }
}

/**
 * Opens the file of a database again, with its attached databases, and as durable as the app has set it. The database's own name
 * may be relative to an earlier directory of the process.
 */
function openAgain(database: Database): Database {
  const [main, ...attached] = database.pragma('database_list') as { readonly name: string; readonly file: string }[];
  const own = new (classOf(database))(main!.file, { timeout: LOCK_WAIT, fileMustExist: true });
  for (const { name, file } of attached) if (file) own.prepare('attach ? as ?').run(file, name);
  const [{ synchronous }] = database.pragma('synchronous') as [{ readonly synchronous: number }];
  own.pragma(`synchronous = ${synchronous}`);
  return own;
}

/** Returns the driver's class. The app may have extended it, with other parameters. */
function classOf(database: Database): DatabaseClass {
  let prototype: object = database;
  while (!Object.hasOwn(prototype, 'pragma')) prototype = Object.getPrototypeOf(prototype) as object;
  return prototype.constructor as DatabaseClass;
}

function isDatabase(client: object): boolean {
  const { memory, inTransaction, prepare } = client as Partial<Database>;
  return typeof memory === 'boolean' && typeof inTransaction === 'boolean' && typeof prepare === 'function';
}
