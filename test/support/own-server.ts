import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import type { DialectName } from '../../src/index.js';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { connectionOptions } from './databases.js';

/** A database server of the test, which the test can kill. */
export interface OwnServer {
  readonly dialect: DialectName;
  /** Its address, as MikroORM's options. */
  readonly address: { readonly host?: string; readonly port?: number; readonly dbName: string };
  /** Ends it like a lost machine: nothing is flushed and no connection is closed. */
  crash(): Promise<void>;
  readonly isRunning: boolean;
  /** Starts it again. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Runs `work` on a database with its own connections. */
export async function onDatabase<Result>(
  dialect: DialectName,
  overrides: object,
  work: (run: RunStatement) => Promise<Result>,
): Promise<Result> {
  const orm = await MikroORM.init(connectionOptions(dialect, { ...overrides }));
  try {
    return await work(new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection).run);
  } finally {
    await orm.close();
  }
}

/** Whether a server answers statements. */
export function answers({ dialect, address }: Pick<OwnServer, 'dialect' | 'address'>): Promise<boolean> {
  return onDatabase(dialect, address, (run) => run('select 1')).then(
    () => true,
    () => false,
  );
}
