import { randomBytes } from 'node:crypto';
import type { StoredRecord } from '../persistence/session.repository.js';

/** How far a record has come that moves here from the earlier store. */
export type Stage =
  /** Its session was found in the earlier store before the record was here: it may have been destroyed in between. */
  | 'unconfirmed'
  /** Its session was still in the earlier store when the record was here: whoever destroys it, does so here too. */
  | 'confirmed';

const MARKS: Readonly<Record<Stage, string>> = { unconfirmed: 'u:', confirmed: 'c:' };

/** The stage of a record; undefined for one that has arrived, or was always here. */
export function stageOf({ commitId }: Pick<StoredRecord, 'commitId'>): Stage | undefined {
  if (commitId?.[1] !== ':') return undefined;
  return commitId.startsWith(MARKS.confirmed) ? 'confirmed' : 'unconfirmed';
}

/** A commit id for a record that moves: no commit makes such a one, and no two are the same. */
export function migratingCommitId(stage: Stage): string {
  return `${MARKS[stage]}${randomBytes(16).toString('hex')}`;
}
