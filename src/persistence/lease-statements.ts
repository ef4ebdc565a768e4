import { qualifiedName } from '../dialects/qualified-name.js';
import { leaseTableOf } from '../dialects/table-layout.js';
import type { DatabaseContext } from './database-context.js';

/**
 * In ms: 50 years. A lease that is finished expires so long ago, and no other does. So its expiry still tells when it was finished, and
 * those that wait for it have time to see that.
 */
const FINISHED = 50 * 365 * 24 * 60 * 60 * 1000;

/** In ms: how long a lease that has ended stays. */
const KEPT = 60 * 60 * 1000;

/** The texts of the statements for one table of leases. */
export type LeaseStatements = ReturnType<typeof buildLeaseStatements>;

/**
 * Writes the statements for one table of leases in one dialect. The comments name the parameters in their order.
 *
 * @param parameter the n-th parameter, from 1, as the runner of the statements wants it
 */
export function buildLeaseStatements({ dialect, tableName, schema }: DatabaseContext, parameter = dialect.parameter) {
  const table = qualifiedName(dialect.quote, leaseTableOf(tableName), schema);
  const { now } = dialect;
  const ago = (ms: number) => dialect.fromNow(String(-ms));
  const isDone = `expires_at < ${ago(FINISHED / 2)}`;
  const isHeld = `expires_at >= ${ago(FINISHED / 2)}`;

  /** Writes one statement and numbers its parameters. */
  const build = (write: (next: () => string) => string) => {
    let n = 0;
    return write(() => parameter(++n));
  };
  const named = (next: () => string) => `session_id = ${next()} and name = ${next()}`;
  const held = (next: () => string) => `${named(next)} and lease_id = ${next()}`;
  const takeOver = (next: () => string) =>
    `update ${table} set lease_id = ${next()}, expires_at = ${dialect.fromNow(next())} ` +
    `where ${named(next)} and (expires_at <= ${now} or lease_id = ${next()}) and (lease_id <> ${next()} or ${isHeld})`;
  const flag = (condition: string) => `case when ${condition} then 1 else 0 end`;

  return {
    /** lease id, lease, key, name, lease id, lease id; a copy that arrives late must not revive a lease that its holder has finished */
    takeOver: build(takeOver),
    /** the same parameters */
    takeExpired: build((next) => `${takeOver(next)} and ${isHeld}`),
    /** key, name, lease id, lease */
    insert: build(
      (next) =>
        `insert into ${table} (session_id, name, lease_id, expires_at) values (${next()}, ${next()}, ${next()}, ${dialect.fromNow(next())})` +
        (dialect.onDuplicateKey === '' ? '' : ' on conflict do nothing'),
    ),
    /** key, name */
    look: build(
      (next) =>
        `select lease_id, ${flag(isDone)} as is_done, ${flag(`expires_at <= ${now}`)} as is_over from ${table} where ${named(next)}`,
    ),
    /** lease, key, name, lease id */
    extend: build((next) => `update ${table} set expires_at = ${dialect.fromNow(next())} where ${held(next)} and ${isHeld}`),
    /** key, name, lease id */
    release: build((next) => `delete from ${table} where ${held(next)} and ${isHeld}`),
    /** key, name, lease id */
    lock: build((next) => `select lease_id from ${table} where ${held(next)}${dialect.forUpdate}`),
    /** key, name, lease id; the caller holds the row's lock */
    finish: build((next) => `update ${table} set expires_at = ${ago(FINISHED)} where ${held(next)}`),
    prune: `delete from ${table} where expires_at <= ${ago(FINISHED + KEPT)} or (${isHeld} and expires_at <= ${ago(KEPT)})`,
  };
}
