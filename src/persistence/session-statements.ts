import type { WantedColumn } from '../dialects/dialect.js';
import { qualifiedName } from '../dialects/qualified-name.js';
import type { DatabaseContext } from './database-context.js';
import { cappedExpiry, hasMaxAge, isExpired, isLive, listedTimes, longestColumn, movedExpiry, remainingColumn } from './expiry.js';

const NO_LEASE = 'lease_id = null, lease_expires_at = null';

const WANTED_KEY: WantedColumn = { name: 'wanted_key', type: 'text' };

/** The columns of the rows that are updated together, in this order. */
export const WANTED_CHANGES: readonly WantedColumn[] = [
  { name: 'new_data', type: 'data' },
  { name: 'new_commit_id', type: 'text' },
  { name: 'new_user_id', type: 'text' },
  { name: 'new_max_age', type: 'bigint' },
  { name: 'is_explicit', type: 'int' },
  { name: 'threshold', type: 'float' },
  { name: 'lifetime', type: 'float' },
  WANTED_KEY,
  { name: 'wanted_version', type: 'int' },
  { name: 'wanted_commit_id', type: 'text' },
];

/** The same for rows that must still hold what was seen in them. */
export const SEEN_CHANGES: readonly WantedColumn[] = [
  ...WANTED_CHANGES,
  { name: 'seen_data', type: 'text' },
  { name: 'seen_max_age', type: 'bigint' },
];

/** The texts of the statements for one table. Built once, at start. */
export type SessionStatements = ReturnType<typeof buildStatements>;

/** Writes the statements for one table in one dialect. The comments name the parameters in their order. */
export function buildStatements(context: DatabaseContext) {
  const { dialect, tableName, schema, isVersioned } = context;
  const table = qualifiedName(dialect.quote, tableName, schema);
  const keyed = `${table}${context.keyHint}`;
  const { now } = dialect;
  // So far back that setting a clock back does not revive the row.
  const endedAt = dialect.ofUnixTime('0');
  const isRowLive = isLive(context);
  const version = isVersioned ? 'lock_version' : '0 as lock_version';
  const record = `data, ${version}, commit_id, max_age, lease_id, ${remainingColumn(context)}${longestColumn(context)}`;

  const state = `session_id, user_id, ${version}, commit_id, case when ${isRowLive} then 1 else 0 end as is_live`;
  const seen = context.keepsDevices ? `, last_seen_at = ${now}` : '';
  const noDevice = context.keepsDevices ? ', user_agent = null, ip_address = null, device_label = null' : '';

  /** Writes one statement and numbers its parameters. */
  const build = (write: (next: () => string) => string) => {
    let n = 0;
    return write(() => dialect.parameter(++n));
  };
  const live = (key: string) => `session_id = ${key} and ${isRowLive}`;
  const ofUser = (userId: string) => `user_id = ${dialect.exactText(userId)}`;
  const newestFirst = 'order by created_at desc, session_id';
  const keysOfUser = `select session_id from ${table} where ${ofUser(dialect.parameter(1))} and ${isRowLive} ${newestFirst}`;
  const assignments = (next: () => string) =>
    `data = ${next()}, commit_id = ${next()}, user_id = ${next()}, max_age = ${next()}, updated_at = ${now}, ` +
    `expires_at = ${movedExpiry(context, next)}${isVersioned ? ', lock_version = lock_version + 1' : ''}`;

  // Compares nulls as equal. With the bare column, SQLite would join by the commit id instead of the primary key.
  const isCommit = (commitId: string) => `coalesce(commit_id, '') = ${dialect.exactText(`coalesce(${commitId}, '')`)}`;
  const isAsKnown = (next: () => string) => `${isVersioned ? `lock_version = ${next()} and ` : ''}${isCommit(next())}`;
  const isWanted = `${isVersioned ? 'lock_version = wanted_version and ' : ''}${isCommit('wanted_commit_id')} and ${isRowLive}`;
  const isSeen = (data: string, maxAge: string) =>
    `${dialect.hasDigest?.('data', data) ?? `data = ${dialect.exactText(data)}`} and ${hasMaxAge(() => maxAge)}`;

  const update = (next: () => string, more = '') =>
    `update ${table} set ${assignments(next)}${more} where ${live(next())} and ${isAsKnown(next)}`;

  const join = (count: number) => dialect.joinWanted?.(table, dialect.wantedRows([WANTED_KEY], count));
  const deleteKeys = (count: number, condition = '') =>
    dialect.joinWanted
      ? `delete ${table} from ${join(count)}${condition}`
      : build((next) => `delete from ${keyed} where session_id in (${Array.from({ length: count }, next).join(', ')})${condition}`);

  const lease = (next: () => string) =>
    `update ${table} set lease_id = ${next()}, lease_expires_at = ${dialect.fromNow(next())} where ${live(next())} ` +
    `and (lease_id is null or lease_id = ${next()} or lease_expires_at <= ${now})`;

  const load = (suffix: string) => `select ${record} from ${table} where ${live(dialect.parameter(1))}${suffix}`;

  return {
    /** key */
    load: load(''),
    /** `count` keys */
    loadMany: once((count) =>
      build(
        (next) =>
          `select session_id, ${record} from ${keyed} where session_id in (${Array.from({ length: count }, next).join(', ')}) and ${isRowLive}`,
      ),
    ),
    /** `count` keys. Leaves out rows that `end` has written: their sessions have not expired */
    statesOf: once((count) =>
      build(
        (next) =>
          `select ${state} from ${keyed} where session_id in (${Array.from({ length: count }, next).join(', ')}) and expires_at > ${endedAt}`,
      ),
    ),
    /** `count` user ids */
    statesOfUsers: once((count) =>
      build((next) => `select ${state} from ${table} where ${Array.from({ length: count }, () => ofUser(next())).join(' or ')}`),
    ),
    /** key */
    loadLocked: load(dialect.forUpdate),
    /** Writes nothing, and takes the lock for writes where it is the whole database's. */
    lockDatabase: `delete from ${table} where session_id = ''`,
    /** key, data, commit id, user id, max age, lifetime */
    insert: build(
      (next) =>
        `insert into ${table} (session_id, data, commit_id, user_id, max_age, created_at, updated_at, expires_at) ` +
        `values (${next()}, ${next()}, ${next()}, ${next()}, ${next()}, ${now}, ${now}, ${dialect.fromNow(next())})${dialect.onDuplicateKey}`,
    ),
    /** the change (see `changeParameters`), key, version, commit id */
    update: build((next) => update(next)),
    /** the change, key, version, commit id, lease id */
    updateLeased: build((next) => `${update(next)} and lease_id = ${next()}`),
    /** the same parameters */
    updateAndRelease: build((next) => `${update(next, `, ${NO_LEASE}`)} and lease_id = ${next()}`),
    /** `count` rows of: the change, key, version, commit id */
    updateMany: once((count) => dialect.updateWanted(keyed, WANTED_CHANGES, count, isWanted, assignments(namesOf(WANTED_CHANGES)))),
    /** `count` rows of: the change, key, version, commit id, data (or its hash, if the dialect has `hasDigest`), max age (see `maxAgeParameter`) */
    updateSeenMany: once((count) =>
      dialect.updateWanted(
        keyed,
        SEEN_CHANGES,
        count,
        `${isWanted} and ${isSeen('seen_data', 'seen_max_age')}`,
        assignments(namesOf(SEEN_CHANGES)),
      ),
    ),
    /** the parameters of one row of `updateSeenMany` */
    updateSeen: build((next) =>
      dialect.updateUnlocked(table, assignments(next), `${live(next())} and ${isAsKnown(next)} and ${isSeen(next(), next())}`),
    ),
    /** the change, key; the caller holds the row's lock */
    updateUnderLock: build((next) => `update ${table} set ${assignments(next)} where ${live(next())}`),
    /** explicit (1 or 0), threshold, lifetime, key, max age (see `maxAgeParameter`) */
    touch: build(
      (next) => `update ${table} set expires_at = ${movedExpiry(context, next)}${seen} where ${live(next())} and ${hasMaxAge(next)}`,
    ),
    /** lifetime, threshold, max age, `count` keys */
    touchMany: once((count) =>
      build(
        (next) =>
          `update ${keyed}${dialect.byPrimaryKey} set expires_at = ${cappedExpiry(context, dialect.fromNow(next()))}${seen} where ${isRowLive} and expires_at < ${dialect.fromNow(next())} ` +
          `and ${hasMaxAge(next)} and session_id in (${Array.from({ length: count }, next).join(', ')})`,
      ),
    ),
    /** lease id, lease, key, lease id */
    lease: build(lease),
    /** the same parameters; returns the record */
    leaseReturning: dialect.updateReturning && build(lease) + dialect.updateReturning(record),
    /** the same parameters, version, commit id; reports whether the record is as known */
    leaseReporting: dialect.report && build((next) => `${lease(next)} and ${dialect.report!.on(isAsKnown(next))}`),
    /** lease, key, lease id */
    extend: build(
      (next) => `update ${table} set lease_expires_at = ${dialect.fromNow(next())} where ${live(next())} and lease_id = ${next()}`,
    ),
    /** key, lease id */
    release: build((next) => `update ${table} set ${NO_LEASE} where session_id = ${next()} and lease_id = ${next()}`),
    /** key */
    destroy: `delete from ${table} where session_id = ${dialect.parameter(1)}${dialect.returning('user_id')}`,
    /** the end's id, key, version, commit id */
    end: build(
      (next) =>
        `update ${table} set data = '{}', commit_id = ${next()}, user_id = null, updated_at = ${now}, expires_at = ${endedAt}${noDevice}` +
        `${isVersioned ? ', lock_version = lock_version + 1' : ''} where ${live(next())} and ${isAsKnown(next)}`,
    ),
    /** key, the end's id */
    isEndedBy: build((next) => `select commit_id from ${table} where session_id = ${next()} and ${isCommit(next())}`),
    /** key, commit id */
    destroyCommitted: build((next) => `delete from ${table} where ${live(next())} and ${isCommit(next())}`),
    /** key */
    removeExpired: `delete from ${table} where session_id = ${dialect.parameter(1)} and ${isExpired(context)}`,
    /** limit */
    findExpired: `select session_id, user_id from ${table} where expires_at <= ${now} order by expires_at limit ${dialect.parameter(1)}${dialect.forUpdateSkipLocked}`,
    /** `count` keys */
    removeAll: (count: number) => deleteKeys(count, ` and expires_at <= ${now}`),
    count: `select count(*) as live from ${table} where ${isRowLive}`,
    all: `select session_id, ${record} from ${table} where ${isRowLive}`,
    clear: `delete from ${table}`,
    /** user id */
    list:
      `select session_id, user_id, ${listedTimes(context)} from ${table} ` +
      `where ${ofUser(dialect.parameter(1))} and ${isRowLive} ${newestFirst}`,
    /** user id */
    lockAll: `${keysOfUser}${dialect.forUpdate}`,
    /** user id */
    findAll: keysOfUser,
    /** `count` keys, user id */
    lockFound:
      dialect.joinWanted &&
      ((count: number) =>
        `select session_id from ${join(count)} and ${ofUser(dialect.parameter(count + 1))} and ${isRowLive} ${newestFirst}${dialect.forUpdate}`),
    /** `count` keys */
    destroyMany: (count: number) => deleteKeys(count),
  };
}

/** Returns a function that gives the names one after the other. */
function namesOf(columns: readonly WantedColumn[]): () => string {
  const names = columns.map(({ name }) => name).values();
  return () => names.next().value as string;
}

/** Writes each text only once. */
function once<Text>(write: (count: number) => Text): (count: number) => Text {
  const texts = new Map<number, Text>();
  return (count) => {
    const text = texts.get(count) ?? write(count);
    texts.set(count, text);
    return text;
  };
}
