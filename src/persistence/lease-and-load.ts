import type { DatabaseContext } from './database-context.js';
import type { SessionStatements } from './session-statements.js';
import type { KnownRecord, StoredRecord } from './session.repository.js';
import { toRecord } from './stored-row.js';

/**
 * Leases a record and loads it. This is one statement if the database returns the updated row. Otherwise it is one statement if
 * the record is as known, and two if not.
 */
export async function leaseAndLoad(
  { runner, dialect, isVersioned }: DatabaseContext,
  { lease, leaseReturning, leaseReporting, load }: SessionStatements,
  [storageKey, leaseId, ms, known]: [storageKey: string, leaseId: string, ms: number, known: KnownRecord | undefined],
): Promise<StoredRecord | 'as known' | undefined> {
  const parameters = [leaseId, ms, storageKey, leaseId];
  if (leaseReturning) {
    const [row] = (await runner.run(leaseReturning, parameters)).rows;
    return row && toRecord(row);
  }
  const asKnown = known && (isVersioned ? [known.version, known.commitId] : [known.commitId]);
  const result = await (asKnown && leaseReporting
    ? runner.run(leaseReporting, [...parameters, ...asKnown])
    : runner.run(lease, parameters));
  if (result.affected !== 1) return undefined;
  if (asKnown && dialect.report?.wasTrue(result)) return 'as known';
  const [row] = (await runner.run(load, [storageKey])).rows;
  return row && toRecord(row);
}
