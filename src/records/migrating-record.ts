import { randomBytes } from 'node:crypto';
import type { StoredRecord } from '../persistence/session.repository.js';

/** How far the migration of a record has come. */
export type Stage =
  /** The session was found in the previous store before the record was inserted: it may have been destroyed in between. */
  | 'unconfirmed'
  /** The session was still in the previous store after the record was inserted: from now on, a destroy deletes the record too. */
  | 'confirmed';

const PREFIXES: Readonly<Record<Stage, string>> = { unconfirmed: 'u:', confirmed: 'c:' };

/** The stage of a record; undefined if it is not being migrated. */
export function stageOf({ commitId }: Pick<StoredRecord, 'commitId'>): Stage | undefined {
  if (commitId?.[1] !== ':') return undefined;
  return commitId.startsWith(PREFIXES.confirmed) ? 'confirmed' : 'unconfirmed';
}

/** Makes a commit id for a record that is being migrated. No commit makes such an id, and no two are the same. */
export function migratingCommitId(stage: Stage): string {
  return `${PREFIXES[stage]}${randomBytes(16).toString('hex')}`;
}
