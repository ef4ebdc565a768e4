import { qualifiedName } from '../dialects/qualified-name.js';
import { LAYOUT_WITH_DEVICES, leaseTableOf } from '../dialects/table-layout.js';
import type { DatabaseContext } from './database-context.js';
import { datesOf, isExpired, isLive, listedTimes, type ListedTimes } from './expiry.js';
import type { SessionSummary } from './record.js';

/** The texts of a device as they are stored: sealed if sessions are encrypted. Null for what is unknown. */
export interface DeviceTexts {
  readonly userAgent: string | null;
  readonly ipAddress: string | null;
  readonly deviceLabel: string | null;
}

/** A live session in a list of devices. */
export interface DeviceRow extends SessionSummary, DeviceTexts {
  /** When it was written last, or extended with the option `devices` on. */
  readonly lastSeenAt: Date;
}

/** A row of a user as it is stored, live or expired. */
export interface UserRow extends DeviceRow {
  /** The serialized session; sealed if sessions are encrypted. */
  readonly data: string;
}

/** The most keys of one statement. */
const MOST_KEYS = 500;

type Row = Readonly<Record<string, unknown>>;

/**
 * The rows of a user, and their devices. The option `devices`, `SessionService.exportUser` and `eraseUser` need it. A write of a device
 * changes neither the version nor the commit id, because no commit depends on it. It never inserts a row.
 */
export class UserRows {
  readonly #context: DatabaseContext;
  readonly #statements: ReturnType<typeof statementsFor>;

  constructor(context: DatabaseContext) {
    this.#context = context;
    this.#statements = statementsFor(context);
  }

  /** Returns the live sessions of a user with their devices, newest first. */
  async list(userId: string): Promise<DeviceRow[]> {
    const { rows } = await this.#context.runner.run(this.#statements.list, [userId]);
    return rows.map(deviceRowOf);
  }

  /** Returns all rows of a user, newest first, also those that have expired and were not pruned yet. */
  async all(userId: string): Promise<UserRow[]> {
    const { rows } = await this.#context.runner.run(this.#statements.all, [userId]);
    return rows.map((row) => ({ ...deviceRowOf(row), data: String(row.data) }));
  }

  /** Writes the device of a live session. Returns false, and writes nothing, if the session is not this user's. */
  writeDevice(storageKey: string, userId: string, { userAgent, ipAddress }: Omit<DeviceTexts, 'deviceLabel'>): Promise<boolean> {
    return this.#isUsers(storageKey, userId, this.#statements.device, [userAgent, ipAddress]);
  }

  /** Writes the label of a live session. Returns false, and writes nothing, if the session is not this user's. */
  writeLabel(storageKey: string, userId: string, label: string | null): Promise<boolean> {
    return this.#isUsers(storageKey, userId, this.#statements.label, [label]);
  }

  /**
   * Deletes the expired rows of a user.
   *
   * @returns how many
   */
  async eraseExpired(userId: string): Promise<number> {
    const { rows } = await this.#context.runner.run(this.#statements.expired, [userId]);
    const keys = rows.map((row) => String(row.session_id));
    return this.#deleteAll(keys, this.#statements.deleteExpired);
  }

  /** Deletes the leases of sessions that no longer exist. */
  async eraseLeases(storageKeys: readonly string[]): Promise<void> {
    await this.#deleteAll(storageKeys, this.#statements.deleteLeases);
  }

  async #deleteAll(keys: readonly string[], write: (count: number) => string): Promise<number> {
    let deleted = 0;
    for (let first = 0; first < keys.length; first += MOST_KEYS) {
      const some = keys.slice(first, first + MOST_KEYS);
      deleted += (await this.#context.runner.run(write(some.length), some)).affected;
    }
    return deleted;
  }

  /** MySQL does not count a row that has these values already. */
  async #isUsers(storageKey: string, userId: string, sql: string, values: readonly (string | null)[]): Promise<boolean> {
    const { runner } = this.#context;
    const { affected } = await runner.run(sql, [...values, storageKey, userId]);
    return affected === 1 || (await runner.run(this.#statements.isUsers, [storageKey, userId])).rows.length === 1;
  }
}

function statementsFor(context: DatabaseContext) {
  const { dialect, tableName, schema } = context;
  const table = qualifiedName(dialect.quote, tableName, schema);
  const leases = qualifiedName(dialect.quote, leaseTableOf(tableName), schema);
  const ofUser = (n: number) => `user_id = ${dialect.exactText(dialect.parameter(n))}`;
  const columns = deviceRowColumns(context);
  const newestFirst = 'order by created_at desc, session_id';
  const keys = (count: number) => Array.from({ length: count }, (_, n) => dialect.parameter(n + 1)).join(', ');
  const owned = (n: number) => `session_id = ${dialect.parameter(n)} and ${ofUser(n + 1)} and ${isLive(context)}`;
  return {
    /** user id */
    list: `select ${columns} from ${table} where ${ofUser(1)} and ${isLive(context)} ${newestFirst}`,
    /** user id */
    all: `select ${columns}, data from ${table} where ${ofUser(1)} ${newestFirst}`,
    /** user id */
    expired: `select session_id from ${table} where ${ofUser(1)} and ${isExpired(context)}`,
    /** `count` keys */
    deleteExpired: (count: number) => `delete from ${table} where session_id in (${keys(count)}) and ${isExpired(context)}`,
    /** `count` keys */
    deleteLeases: (count: number) =>
      `delete from ${leases} where session_id in (${keys(count)}) ` +
      `and not exists (select 1 from ${table} where ${table}.session_id = ${leases}.session_id)`,
    /** user agent, IP address, key, user id */
    device: `update ${table} set user_agent = ${dialect.parameter(1)}, ip_address = ${dialect.parameter(2)}, device_label = null where ${owned(3)}`,
    /** label, key, user id */
    label: `update ${table} set device_label = ${dialect.parameter(1)} where ${owned(2)}`,
    /** key, user id */
    isUsers: `select session_id from ${table} where ${owned(1)}`,
  };
}

/** Returns the columns of a listed session, and those of its device if the table has them. */
export function deviceRowColumns(context: DatabaseContext): string {
  const { dialect, layout } = context;
  const devices =
    layout >= LAYOUT_WITH_DEVICES ? `, user_agent, ip_address, device_label, ${dialect.sinceEpoch('last_seen_at')} as seen_ms` : '';
  return `session_id, user_id, ${listedTimes(context)}${devices}`;
}

/** Returns a listed session of a row with the columns of `deviceRowColumns`. */
export function deviceRowOf(row: Row): DeviceRow {
  const dates = datesOf(row as unknown as ListedTimes);
  return {
    storageKey: String(row.session_id),
    userId: textIn(row.user_id),
    ...dates,
    lastSeenAt: new Date(Math.max(dates.updatedAt.getTime(), seenIn(row))),
    userAgent: textIn(row.user_agent),
    ipAddress: textIn(row.ip_address),
    deviceLabel: textIn(row.device_label),
  };
}

/** A commit writes `updated_at` only, and a touch `last_seen_at` only. */
function seenIn({ seen_ms: ms }: Row): number {
  return ms === undefined || ms === null ? 0 : Math.round(Number(ms));
}

function textIn(value: unknown): string | null {
  return value === undefined || value === null ? null : String(value);
}
