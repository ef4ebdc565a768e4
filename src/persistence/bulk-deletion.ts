import type { RunStatement } from '../dialects/run-statement.js';
import type { DatabaseContext } from './database-context.js';
import type { DeletedRecord } from './session.repository.js';
import type { SessionStatements } from './session-statements.js';
import { inTransaction } from './transaction.js';

/** Implements `SessionRepository.prune`. */
export function pruneExpired(
  { runner, dialect, lockTimeout }: DatabaseContext,
  statements: SessionStatements,
  limit: number,
): Promise<readonly DeletedRecord[]> {
  return inTransaction(runner, dialect, lockTimeout, async (run) => {
    const { rows } = await run(statements.findExpired, [limit]);
    // The rows are locked, so they stay expired.
    if (rows.length > 0)
      await run(
        statements.removeAll(rows.length),
        rows.map((row) => row.session_id),
      );
    return rows.map((row) => ({ storageKey: String(row.session_id), userId: row.user_id === null ? null : String(row.user_id) }));
  });
}

/** Implements `SessionRepository.destroySome`. */
export async function destroyChosen(
  { runner, dialect, lockTimeout }: DatabaseContext,
  statements: SessionStatements,
  userId: string,
  choose: (storageKeys: readonly string[]) => readonly string[],
): Promise<number> {
  const { lockAll, findAll, lockFound } = statements;
  // Not in the transaction: with `innodb_snapshot_isolation`, MariaDB refuses to lock a row that has changed since its first read.
  const found = lockFound && keysOf(await runner.run(findAll, [userId]));
  if (found?.length === 0) return 0;
  return inTransaction(runner, dialect, lockTimeout, async (run) => {
    const locked = found ? await run(lockFound!(found.length), [...found, userId]) : await run(lockAll, [userId]);
    const chosen = choose(keysOf(locked));
    return chosen.length === 0 ? 0 : (await run(statements.destroyMany(chosen.length), chosen)).affected;
  });
}

function keysOf({ rows }: Awaited<ReturnType<RunStatement>>): string[] {
  return rows.map((row) => String(row.session_id));
}
