import type { Options } from '@mikro-orm/core';
import type { MiddlewareConsumer } from '@nestjs/common';
import type { SessionData, Store } from 'express-session';
import type { DialectName } from '../shared/dialect-name.js';
import type { MergeRule } from '../shared/merge-rule.js';
import type { ValueCodec } from '../shared/value-codec.js';
import type { CookieOption } from './cookie-rules.js';
import type { DevicesOption } from './devices-option.js';
import type { EncryptionOptions } from './encryption-keys.js';
import type { EventsOption } from './events-option.js';
import type { FeedOptions } from './feed-option.js';
import type { SessionRepositoryClass } from './repository-class.js';
import type { CookieSecret } from './secrets.js';
import type { TransportOption } from './transport-option.js';

/** How a commit detects a concurrent commit: by the column `lock_version`, or by a row lock. `'auto'` uses the column if the table has it. */
export type Locking = 'optimistic' | 'pessimistic' | 'auto';

/** Merge rules by key. Each is typed by the app's `SessionData`. A key that `SessionData` does not declare is an error. */
export type SessionMergeRules = {
  readonly [Key in keyof SessionData as Key extends 'cookie' ? never : Key]?: MergeRule<NonNullable<SessionData[Key]>>;
};

/** The id of a user. A number or a bigint names the same user as its decimal text. */
export type UserId = string | number | bigint;

/** The keys that the app's `SessionData` declares, with the types of their values. */
type Declared<Data> = { readonly [Key in keyof Data as Key extends 'cookie' ? never : Key]?: Data[Key] };

/** A key of the session: one that the app's `SessionData` declares, or any key if it declares none. */
export type SessionKey<Data = SessionData> = keyof Declared<Data> extends never ? string : keyof Declared<Data> & string;

/** The stored values of a session, typed by the app's `SessionData`. */
export type StoredSession<Data = SessionData> = keyof Declared<Data> extends never
  ? Readonly<Record<string, any>>
  : Declared<Data> & Readonly<Record<string, unknown>>;

/** How many live sessions a user may have. */
export interface MaxSessionsPerUser {
  /** The largest number of live sessions. */
  readonly max: number;
  /** What the next login does: it ends the oldest session, or fails with a `SessionLimitError`. */
  readonly whenFull: 'evict-oldest' | 'deny';
}

/** A path, or Nest's RouteInfo: the arguments of `exclude` of its middleware. */
export type ExcludedRoute = Parameters<ReturnType<MiddlewareConsumer['apply']>['exclude']>[number];

/** MikroORM's options, for a separate database. The driver may be a class of the app. */
export type SessionConnection = Readonly<Partial<Omit<Options, 'driver'>>> & {
  readonly driver?: (new (config: never) => object) | undefined;
};

/** The options of `SmartSessionModule.forRoot`. */
export interface SmartSessionModuleOptions {
  /** The database. Default: that of the connection's driver. */
  dialect?: DialectName;
  /** MikroORM's options for a separate database. Default: the app's MikroORM. */
  connection?: SessionConnection;
  /**
   * The app's own client, which stays the app's: a `pg.Pool`, a pool of mysql2, a `Database` of better-sqlite3, or knex on one of these
   * drivers. MikroORM then needs no configuration. Default: the app's MikroORM.
   */
  client?: object;
  /** The context name of the app's MikroORM. Default: its default context. */
  contextName?: string;
  /** Signs the cookie. If you give a list, the first secret signs, and all secrets verify. Default: the environment variable `SESSION_SECRET`. */
  secret?: CookieSecret | readonly CookieSecret[];
  /** The name of the cookie. Default: `sid`. */
  name?: string;
  /** The attributes of the cookie, or a function that returns them for a request. Default: `httpOnly`, `sameSite: 'lax'`, `secure: 'auto'`, no max age. */
  cookie?: CookieOption;
  /**
   * How the signed session id travels: `'cookie'`, a header such as `{ header: 'authorization', scheme: 'Session' }`, or a list of both, of
   * which a request uses one. Default: `'cookie'`.
   */
  transport?: TransportOption;
  /** How long a session without a max age lives after its last use, in ms. Default: 1 day. */
  ttl?: number;
  /**
   * How long a session without a user lives after its last use, whatever its max age, in ms. Needs `userId`. At most `ttl`, or the max
   * age of `cookie`. Default: as long as a session with a user.
   */
  anonymousTtl?: number;
  /** How long a session lives at most, however often it is used and whatever its max age, in ms. Default: no limit. */
  absoluteTtl?: number;
  /**
   * The shortest time between two updates of a session's expiry, in ms. If a tenth of the session's life is shorter,
   * that applies. Default: 1 minute.
   */
  touchAfter?: number;
  /**
   * Sends the cookie with every response. If false, a cookie with a max age is sent when the request changes or extends
   * the session. Default: false.
   */
  rolling?: boolean;
  /** What `req.session = null` does: `destroy` deletes the session, `keep` leaves it as it is. Default: `keep`. */
  unset?: 'destroy' | 'keep';
  /** How a commit detects a concurrent commit. Default: `auto`: optimistic if the table has a `lock_version` column, else pessimistic. */
  locking?: Locking;
  /** The name of the table. Default: `sessions`. */
  tableName?: string;
  /** The schema of the table. Default: that of the table's entity, else MikroORM's `schema`, else that of the connection. */
  schema?: string;
  /** Creates the table at start if it is missing. Default: false. */
  createTable?: boolean;
  /** The class that reads and writes the rows. Default: `SqlSessionRepository`, the SQL statements of the dialect. */
  repository?: SessionRepositoryClass;
  /** How to combine two changes of the same key, by key. Default: `mergeDefault`. */
  merge?: SessionMergeRules;
  /** The rule of the keys that `merge` does not name. Default: `lastWins()`. */
  mergeDefault?: MergeRule;
  /**
   * Counts the commits that overwrite another request's change of a key without a merge rule, and warns once for each key and pair of
   * routes. Default: true, and false in production (`NODE_ENV=production`).
   */
  detectOverwrites?: boolean;
  /** How values are stored: as JSON, as JSON with dates, maps and more, or by your own codec. Default: `json`. */
  serializer?: 'json' | 'rich' | ValueCodec;
  /** Encrypts the stored data with AES-256-GCM, by keys of 32 bytes. The first key seals, all open. Default: no encryption. */
  encryption?: EncryptionOptions;
  /** Stores a hash of the session id as the row's key. Set it to false only to take over a table with plain ids. Default: true. */
  hashIds?: boolean;
  /**
   * The store that the app had before: a store of express-session, or an object with its `get` and `destroy`. A session
   * that only this store has moves when it is loaded. Default: none.
   */
  migrateFrom?: Pick<Store, 'get' | 'destroy'>;
  /**
   * Finds the user of a session, for `list` and `destroyAll`: a key, or a function of the stored values. It returns a
   * string, a whole number or a bigint. If it returns null, undefined or an empty string, the session has no user. Default: no user.
   */
  userId?: SessionKey | ((session: StoredSession) => UserId | null | undefined);
  /** How many live sessions a user may have. Needs `userId`. The next login ends the oldest, or is refused with `whenFull: 'deny'`. Default: no limit. */
  maxSessionsPerUser?: number | MaxSessionsPerUser;
  /**
   * Stores the device of each login for `list`: its user agent, when it was seen last, and with `{ ip: 'anonymized' }` or `{ ip: 'full' }`
   * its IP address. Needs `userId`. Default: nothing is stored.
   */
  devices?: DevicesOption;
  /** The largest size of a session's stored data, in bytes. Default: 1 MiB. */
  maxBytes?: number;
  /** How often a commit is tried before it fails. Default: 10. */
  maxAttempts?: number;
  /** How long a load or a commit may take, with all its retries, in ms. Default: 10 seconds. */
  timeout?: number;
  /** How many loads of different sessions, or commits of one session, may wait in this process. Default: 10,000. */
  maxWaiting?: number;
  /** How often expired rows are deleted, in ms, at random times around this interval. `false` turns it off. Default: 15 minutes. */
  pruneInterval?: number | false;
  /**
   * Where events are published: an emitter, or the token under which a module of the app provides one, such as
   * `EventEmitter2` of @nestjs/event-emitter. Default: no events.
   */
  events?: EventsOption;
  /** How sessions are watched: see `SessionService.watch`. Default: each second, without notifications. */
  feed?: FeedOptions;
  /** Measures by @opentelemetry/api, which must be installed. Default: false. */
  telemetry?: boolean;
  /** Mounts the middleware on all routes. Default: true. */
  mount?: boolean;
  /**
   * Routes without a session: none is loaded, `req.session` is undefined, and no cookie is sent. Give paths without
   * the global prefix, or objects such as `{ path: 'health', method: RequestMethod.GET }`. Default: none.
   */
  exclude?: readonly ExcludedRoute[];
}
