import type { DialectName, RunStatement } from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';

/** How a whole table is locked against everybody, waiting not long, and let go. */
const LOCKING: Readonly<Record<DialectName, (table: string) => { readonly lock: readonly string[]; readonly release: readonly string[] }>> =
  {
    postgresql: (table) => ({
      lock: ['begin', "set local lock_timeout = '1500ms'", `lock table ${table} in access exclusive mode`],
      release: ['rollback'],
    }),
    mysql: lockTables,
    mariadb: lockTables,
    sqlite: () => ({ lock: ['begin exclusive'], release: ['rollback'] }),
  };

/** Whether somebody still holds a lock on a table: the sign of a transaction that has touched it, and does not end. */
export async function findLocks(run: RunStatement, database: DialectName, table: string): Promise<string[]> {
  const { lock, release } = LOCKING[database](DIALECTS[database].quote(table));
  try {
    for (const statement of lock) await run(statement);
    return [];
  } catch (error) {
    return [`after the last answer a transaction was still open on the table: ${String(error)}`];
  } finally {
    for (const statement of release) await run(statement).catch(() => {});
  }
}

function lockTables(table: string) {
  return {
    lock: ['set session lock_wait_timeout = 1', `lock tables ${table} write`],
    release: ['unlock tables', 'set session lock_wait_timeout = default'],
  };
}
