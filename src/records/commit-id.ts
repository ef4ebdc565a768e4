import { randomUUID } from 'node:crypto';

/** A session id can be used again after its record was destroyed. All commit ids of one record begin alike; those of the next begin otherwise. */
const GENERATION_LENGTH = 13;

const COMMIT_ID_LENGTH = 36;

/** What the commit ids of a record have in common; undefined where another program has set the id. */
export function generationOf(commitId: string | null | undefined): string | undefined {
  return commitId?.length === COMMIT_ID_LENGTH ? commitId.slice(0, GENERATION_LENGTH) : undefined;
}

/**
 * Makes a commit id, which no other commit has.
 *
 * @param before the id of the record that the commit changes; undefined for a new record
 */
export function commitIdAfter(before: string | null | undefined): string {
  const commitId = randomUUID();
  const life = generationOf(before);
  return life === undefined ? commitId : life + commitId.slice(GENERATION_LENGTH);
}

/** Whether two commit ids are of different records, of which one was destroyed before the other began. */
export function isOtherGeneration(one: string | null | undefined, other: string | null | undefined): boolean {
  const [life, otherLife] = [generationOf(one), generationOf(other)];
  return life !== undefined && otherLife !== undefined && life !== otherLife;
}
