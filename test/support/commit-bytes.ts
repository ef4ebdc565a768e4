/** COMMIT as the drivers send it: a message of PostgreSQL, a packet of MariaDB, or a packet of MySQL with an empty list of query attributes. */
const COMMITS = [
  [Buffer.from('Q'), Buffer.from([0, 0, 0, 11]), Buffer.from('commit'), Buffer.from([0])],
  [Buffer.from([7, 0, 0, 0, 3]), Buffer.from('commit')],
  [Buffer.from([9, 0, 0, 0, 3, 0, 1]), Buffer.from('commit')],
].map((parts) => Buffer.concat(parts));

/** Whether bytes of a client are a COMMIT. The column `commit_id` is in many other statements. */
export function isCommit(sent: Buffer): boolean {
  return COMMITS.some((commit) => commit.equals(sent));
}
