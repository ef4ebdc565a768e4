import { qualifiedName } from '../dialects/qualified-name.js';
import type { DatabaseContext } from '../persistence/database-context.js';
import { datesOf, isLive, listedTimes, type ListedTimes } from '../persistence/expiry.js';
import { handleOf } from '../security/session-handle.js';

/** The number of keys in one read. */
const PAGE = 1000;

/** The row of a live session. */
export interface StoredSession {
  readonly storageKey: string;
  readonly data: string;
  readonly userId: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  /** The cookie's max age in ms; null for a cookie that ends with the browser. */
  readonly maxAge: number | null;
  /** The number of commits after the first; null for a table without that column. */
  readonly version: number | null;
  /** The end of the lease of `@LockSession()`; null if the session is not locked. */
  readonly lockedUntil: Date | null;
  /** The columns of layout 2; undefined for an older table. */
  readonly device: DeviceColumns | undefined;
}

/** The columns that layout 2 adds. */
export interface DeviceColumns {
  readonly lastSeenAt: Date | null;
  readonly watchedUntil: Date | null;
  readonly cookieAttributes: string | null;
  readonly userAgent: string | null;
  readonly ipAddress: string | null;
  readonly deviceLabel: string | null;
}

/**
 * Returns the live session with this handle, or undefined if there is none. A handle is a hash of the key, so the keys are read
 * until one fits.
 */
export async function findByHandle(context: DatabaseContext, handle: string): Promise<StoredSession | undefined> {
  const { dialect, runner } = context;
  const next = `select session_id from ${tableOf(context)} where session_id > ${dialect.parameter(1)} and ${isLive(context)} order by session_id limit ${PAGE}`;
  for (let last = ''; ;) {
    const keys = (await runner.run(next, [last])).rows.map((row) => String(row.session_id));
    const found = keys.find((key) => handleOf(key) === handle);
    if (found !== undefined) return load(context, found);
    if (keys.length < PAGE) return undefined;
    last = keys.at(-1)!;
  }
}

async function load(context: DatabaseContext, storageKey: string): Promise<StoredSession | undefined> {
  const { dialect, runner, isVersioned, layout } = context;
  const { now, sinceEpoch } = dialect;
  const columns = [
    'data, user_id, max_age',
    listedTimes(context),
    `case when lease_expires_at > ${now} then ${sinceEpoch('lease_expires_at')} end as locked_ms`,
    ...(isVersioned ? ['lock_version'] : []),
    ...(layout >= 2 ? [...TEXTS, `${sinceEpoch('last_seen_at')} as seen_ms`, `${sinceEpoch('watched_until')} as watched_ms`] : []),
  ];
  const { rows } = await runner.run(
    `select ${columns.join(', ')} from ${tableOf(context)} where session_id = ${dialect.parameter(1)} and ${isLive(context)}`,
    [storageKey],
  );
  const [row] = rows;
  if (!row) return undefined;
  return {
    storageKey,
    data: String(row.data),
    userId: textOrNull(row.user_id),
    ...datesOf(row as unknown as ListedTimes),
    maxAge: row.max_age === null ? null : Number(row.max_age),
    version: isVersioned ? Number(row.lock_version) : null,
    lockedUntil: dateOrNull(row.locked_ms),
    device: layout >= 2 ? deviceOf(row) : undefined,
  };
}

const TEXTS = ['cookie_attributes', 'user_agent', 'ip_address', 'device_label'];

function deviceOf(row: Readonly<Record<string, unknown>>): DeviceColumns {
  return {
    lastSeenAt: dateOrNull(row.seen_ms),
    watchedUntil: dateOrNull(row.watched_ms),
    cookieAttributes: textOrNull(row.cookie_attributes),
    userAgent: textOrNull(row.user_agent),
    ipAddress: textOrNull(row.ip_address),
    deviceLabel: textOrNull(row.device_label),
  };
}

function tableOf({ dialect, tableName, schema }: DatabaseContext): string {
  return qualifiedName(dialect.quote, tableName, schema);
}

function textOrNull(value: unknown): string | null {
  return value === null ? null : String(value);
}

function dateOrNull(ms: unknown): Date | null {
  return ms === null ? null : new Date(Math.round(Number(ms)));
}
