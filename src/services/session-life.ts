import { randomUUID } from 'node:crypto';

/** A session id can be used again after its record was destroyed. All commit ids of one record begin alike; those of the next begin otherwise. */
const LIFE_LENGTH = 13;

const COMMIT_ID_LENGTH = 36;

/** What the commit ids of a record have in common; undefined where another program has set the id. */
export function lifeOf(commitId: string | null | undefined): string | undefined {
  return commitId?.length === COMMIT_ID_LENGTH ? commitId.slice(0, LIFE_LENGTH) : undefined;
}

/**
 * Makes a commit id, which no other commit has.
 *
 * @param before the id of the record that the commit changes; undefined for a new record
 */
export function commitIdAfter(before: string | null | undefined): string {
  const commitId = randomUUID();
  const life = lifeOf(before);
  return life === undefined ? commitId : life + commitId.slice(LIFE_LENGTH);
}

/** Whether two commit ids are of different records, of which one was destroyed before the other began. */
export function isOtherLife(one: string | null | undefined, other: string | null | undefined): boolean {
  const [life, otherLife] = [lifeOf(one), lifeOf(other)];
  return life !== undefined && otherLife !== undefined && life !== otherLife;
}
