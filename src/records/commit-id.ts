import { randomUUID } from 'node:crypto';

/** A session id can be used again after its record was destroyed. All commit ids of one generation begin with the same characters. */
const GENERATION_LENGTH = 13;

const COMMIT_ID_LENGTH = 36;

/** The characters that the commit ids of a generation share; undefined if another program has set the id. */
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

/** Whether two commit ids are of different generations: one record was destroyed before the other was inserted. */
export function isOtherGeneration(one: string | null | undefined, other: string | null | undefined): boolean {
  const [life, otherLife] = [generationOf(one), generationOf(other)];
  return life !== undefined && otherLife !== undefined && life !== otherLife;
}
