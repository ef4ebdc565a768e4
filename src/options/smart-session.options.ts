import type { KeyObject } from 'node:crypto';
import { inspect, types } from 'node:util';
import type { Options } from '@mikro-orm/core';
import { RequestMethod, type MiddlewareConsumer } from '@nestjs/common';
import type { SessionData, Store } from 'express-session';
import type { DialectName } from '../shared/dialect-name.js';
import type { ValueCodec } from '../shared/value-codec.js';
import { isEmitter, isToken, type EventsOption } from './events-option.js';
import { UNSUPPORTED_OPTIONS } from './unsupported-options.js';
import type { MergeRule } from '../shared/merge-rule.js';
import type { SessionRepositoryClass } from './repository-class.js';
import { flawInEncryption, keyObjectOf, type EncryptionOptions } from './encryption-keys.js';
import { COOKIE_DEFAULTS, EXPECTED_COOKIE, LONGEST_MAX_AGE, flawInCookie, isCookieOptions, type CookieOption } from './cookie-rules.js';
import { copyOfSecret, flawInSecret, isSecret, type CookieSecret } from './secrets.js';
import { isProduction } from '../shared/production.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';

/** How commits meet: by lock version, by row lock, or by what the table has. */
export type Locking = 'optimistic' | 'pessimistic' | 'auto';

/** Merge rules by key, each typed by what the app has declared of its `SessionData`: a key that is not declared there is an error. */
export type SessionMergeRules = {
  readonly [Key in keyof SessionData as Key extends 'cookie' ? never : Key]?: MergeRule<NonNullable<SessionData[Key]>>;
};

/** What a user is told by. A number or a bigint is the same user as its decimal text. */
export type UserId = string | number | bigint;

/** What the app has declared of its `SessionData`, as it may be stored. */
type Declared<Data> = { readonly [Key in keyof Data as Key extends 'cookie' ? never : Key]?: Data[Key] };

/** A key of the session: one that the app's `SessionData` declares, or any where that declares none. */
export type SessionKey<Data = SessionData> = keyof Declared<Data> extends never ? string : keyof Declared<Data> & string;

/** The stored values of a session, typed by what the app has declared of its `SessionData`. */
export type StoredSession<Data = SessionData> = keyof Declared<Data> extends never
  ? Readonly<Record<string, any>>
  : Declared<Data> & Readonly<Record<string, unknown>>;

/** How many live sessions a user may have. */
export interface MaxSessionsPerUser {
  /** The largest number. */
  readonly max: number;
  /** What one more does: end the oldest, or fail with a `SessionLimitError`. */
  readonly whenFull: 'evict-oldest' | 'deny';
}

/** A path, or Nest's RouteInfo: what the `exclude` of its middleware takes. */
export type ExcludedRoute = Parameters<ReturnType<MiddlewareConsumer['apply']>['exclude']>[number];

/** MikroORM's options, for a database of the sessions' own. A driver may be a class of the app's. */
export type SessionConnection = Readonly<Partial<Omit<Options, 'driver'>>> & {
  readonly driver?: (new (config: never) => object) | undefined;
};

/** What `SmartSessionModule.forRoot` takes. */
export interface SmartSessionModuleOptions {
  /** The database. Default: that of the connection's driver. */
  dialect?: DialectName;
  /** MikroORM's options for a database of the sessions' own. Default: the app's MikroORM. */
  connection?: SessionConnection;
  /** The context name of the app's MikroORM. Default: its default context. */
  contextName?: string;
  /** Signs the cookie. The first of several signs, all verify. Default: the environment's `SESSION_SECRET`. */
  secret?: CookieSecret | readonly CookieSecret[];
  /** The cookie's name. Default: `sid`. */
  name?: string;
  /** The cookie's attributes, or a function that returns them for a request. Default: `httpOnly`, `sameSite: 'lax'`, `secure: 'auto'`, no max age. */
  cookie?: CookieOption;
  /** How long a session without a max age lives after its last use, in ms. Default: 1 day. */
  ttl?: number;
  /**
   * How long a session without a user lives after its last use, whatever its max age, in ms; needs `userId`. At most `ttl`, or the max
   * age of `cookie`. Default: as long as one with a user.
   */
  anonymousTtl?: number;
  /** How long a session lives at most, however often it is used and whatever its max age, in ms. Default: no limit. */
  absoluteTtl?: number;
  /** A session's expiry is moved at most this often, in ms; or in each tenth of the session's life, if that is shorter. Default: 1 minute. */
  touchAfter?: number;
  /**
   * Sends the cookie anew with every response. Without it, a cookie with a max age is sent anew when the request changes or extends
   * the session. Default: false.
   */
  rolling?: boolean;
  /** What `req.session = null` does: `destroy` deletes the session, `keep` leaves it. Default: `keep`. */
  unset?: 'destroy' | 'keep';
  /** Default: `auto`: optimistic where the table has a `lock_version` column, pessimistic where it has none. */
  locking?: Locking;
  /** Default: `sessions`. */
  tableName?: string;
  /** The table's schema. Default: that of the table's entity, else MikroORM's `schema`, else the connection's own. */
  schema?: string;
  /** Creates the table at start if it is missing. Default: false. */
  createTable?: boolean;
  /** The class that keeps the records. Default: the hand-written statements of the dialect. */
  repository?: SessionRepositoryClass;
  /** What a key becomes that others and this request have both changed, by key. Default: `mergeDefault`. */
  merge?: SessionMergeRules;
  /** The rule of the keys that `merge` does not name. Default: `lastWins()`. */
  mergeDefault?: MergeRule;
  /** How values are stored: as JSON, as JSON with dates, maps and more, or by a codec of your own. Default: `json`. */
  serializer?: 'json' | 'rich' | ValueCodec;
  /** Seals the stored data with AES-256-GCM, by keys of 32 bytes: the first seals, all open. Default: the data is not sealed. */
  encryption?: EncryptionOptions;
  /** Keys each row by a hash of its session id. False, by the id itself, only to take over a table that has such rows. Default: true. */
  hashIds?: boolean;
  /**
   * The store that the app had before: a store of express-session, or an object with its `get` and `destroy`. A session
   * that is only there moves here when it is loaded. Default: none.
   */
  migrateFrom?: Pick<Store, 'get' | 'destroy'>;
  /**
   * Finds the user of a session, for `list` and `destroyAll`: a key, or a function of the stored values. It finds a
   * string, a whole number or a bigint; null, undefined and an empty text are no user. Default: no user.
   */
  userId?: SessionKey | ((session: StoredSession) => UserId | null | undefined);
  /** How many live sessions a user may have; needs `userId`. One more ends the oldest, unless `whenFull` says to refuse it. Default: no limit. */
  maxSessionsPerUser?: number | MaxSessionsPerUser;
  /** The largest size of a session's serialized data, in bytes. Default: 1 MiB. */
  maxBytes?: number;
  /** How often one commit is tried. Default: 10. */
  maxAttempts?: number;
  /** How long one load or commit may take in all, in ms. Default: 10 seconds. */
  timeout?: number;
  /** How many loads of different sessions, or commits of one, may wait in this process for those under way. Default: 10,000. */
  maxWaiting?: number;
  /** How often expired records are deleted, in ms, jittered; false for never. Default: 15 minutes. */
  pruneInterval?: number | false;
  /**
   * Where events are published: an emitter, or the token under which one of the app's modules provides it, such as
   * `EventEmitter2` of @nestjs/event-emitter. Default: no events.
   */
  events?: EventsOption;
  /** Measures by @opentelemetry/api, which must be installed then. Default: false. */
  telemetry?: boolean;
  /** Mounts the middleware on all routes. Default: true. */
  mount?: boolean;
  /**
   * Routes without a session: none is loaded, `req.session` is undefined, and no cookie is sent. Paths without
   * the global prefix, or such as `{ path: 'health', method: RequestMethod.GET }`. Default: none.
   */
  exclude?: readonly ExcludedRoute[];
}

const MINUTE = 60_000;

/** In ms; a longer timer fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** In ms; MySQL's dates end in the year 9999, and no session lives for a century. */
export const LONGEST_LIFETIME = LONGEST_MAX_AGE;

/** The default of the option `tableName`. */
export const DEFAULT_TABLE = 'sessions';

/** With the suffixes of its indexes the name must fit PostgreSQL's 63 bytes. */
const LONGEST_TABLE_NAME = 63 - '_expires_at_index'.length;

const OPTION_CHECKS: { readonly [Option in keyof Required<SmartSessionModuleOptions>]: Check } = {
  dialect: optional(oneOf('postgresql', 'mysql', 'mariadb', 'sqlite')),
  connection: optional(isObject, "an object of MikroORM's options"),
  contextName: optional(isName, 'a name'),
  secret: (given) =>
    isSecretOrSeveral(given)
      ? undefined
      : 'Give `secret` a string, a Buffer or a secret KeyObject, or several, or set the environment variable SESSION_SECRET.',
  name: (given) =>
    typeof given === 'string' && /^[\w!#$%&'*.^`|~+-]+$/.test(given)
      ? undefined
      : 'Use a cookie name: letters, digits and - _ . and the like.',
  cookie: (given) => (isCookieOptions(given) || isSynchronous(given) ? undefined : EXPECTED_COOKIE),
  ttl: positive(Number.MAX_SAFE_INTEGER, 'ms'),
  anonymousTtl: optional(positive(LONGEST_LIFETIME, 'ms')),
  absoluteTtl: optional(positive(LONGEST_LIFETIME, 'ms')),
  touchAfter: (given) => (given === 0 ? undefined : positive(Number.MAX_SAFE_INTEGER, 'ms', '0 or ')(given)),
  rolling: isBoolean,
  unset: oneOf('destroy', 'keep'),
  locking: oneOf('optimistic', 'pessimistic', 'auto'),
  tableName: isTableName,
  schema: optional((given) => isName(given) && isPlainName(given as string), 'a name without a question mark'),
  createTable: isBoolean,
  repository: optional(isFunction, 'a class that extends SessionRepository'),
  merge: (given) =>
    isObject(given) && Object.values(given as object).every((rule) => rule === undefined || isFunction(rule))
      ? undefined
      : 'Give rules by key, such as { visits: counter() }.',
  mergeDefault: optional(isFunction, 'a rule, such as deep()'),
  serializer: (given) =>
    given === 'json' || given === 'rich' || isCodec(given)
      ? undefined
      : "Use 'json', 'rich', or an object with encode(value) and decode(stored).",
  encryption: flawInEncryption,
  hashIds: isBoolean,
  migrateFrom: optional(isStore, 'a store of express-session: an object with the methods get and destroy'),
  userId: optional((given) => typeof given === 'function' || isName(given), 'a key of the session, or a function'),
  maxSessionsPerUser: optional(isSessionLimit, "a whole number from 1, or { max, whenFull: 'evict-oldest' or 'deny' }"),
  maxBytes: positive(Number.MAX_SAFE_INTEGER, 'bytes'),
  maxAttempts: positive(1000),
  timeout: positive(LONGEST_TIMER, 'ms'),
  maxWaiting: positive(Number.MAX_SAFE_INTEGER),
  pruneInterval: (given) => (given === false ? undefined : positive(LONGEST_TIMER, 'ms', 'false or ')(given)),
  events: optional(
    (given) => isEmitter(given) || isToken(given),
    'an emitter, or the token under which a module provides it, such as EventEmitter2',
  ),
  telemetry: isBoolean,
  mount: isBoolean,
  exclude: (given) =>
    Array.isArray(given) && given.every(isRoute)
      ? undefined
      : "Give a list of paths, such as 'health', or of { path: 'health', method: RequestMethod.GET }.",
};

/** Says what would be right; undefined when the given value is. */
type Check = (given: unknown) => string | undefined;

/** The options with their defaults, validated and frozen: each means what it means in `SmartSessionModuleOptions`. Injectable. */
export class SmartSessionOptions {
  readonly dialect: DialectName | undefined;
  readonly connection: SessionConnection | undefined;
  readonly contextName: string | undefined;
  readonly secret: readonly CookieSecret[];
  readonly name: string;
  readonly cookie: CookieOption;
  readonly ttl: number;
  readonly anonymousTtl: number | undefined;
  readonly absoluteTtl: number | undefined;
  readonly touchAfter: number;
  readonly rolling: boolean;
  readonly unset: 'destroy' | 'keep';
  readonly locking: Locking;
  readonly tableName: string;
  readonly schema: string | undefined;
  readonly createTable: boolean;
  readonly repository: SessionRepositoryClass | undefined;
  readonly merge: ReadonlyMap<string, MergeRule>;
  readonly mergeDefault: MergeRule | undefined;
  readonly serializer: 'json' | 'rich' | ValueCodec;
  readonly encryption:
    | { readonly keys: readonly KeyObject[]; readonly readPlaintext: boolean; readonly writePlaintext: boolean }
    | undefined;
  readonly hashIds: boolean;
  /** Finds the session of an earlier store. */
  readonly migrateFrom: SmartSessionModuleOptions['migrateFrom'];
  /** Finds the user of a session. */
  readonly userId: SmartSessionModuleOptions['userId'];
  readonly maxSessionsPerUser: MaxSessionsPerUser | undefined;
  readonly maxBytes: number;
  readonly maxAttempts: number;
  readonly timeout: number;
  readonly maxWaiting: number;
  readonly pruneInterval: number | false;
  readonly events: EventsOption | undefined;
  readonly telemetry: boolean;
  readonly mount: boolean;
  readonly exclude: readonly ExcludedRoute[];

  /** @throws SmartSessionConfigError for an option that is unknown or wrong */
  constructor(given: SmartSessionModuleOptions) {
    refuseUnknown(given);
    this.dialect = checked('dialect', given.dialect);
    this.connection = checked('connection', given.connection);
    this.contextName = checked('contextName', given.contextName);
    this.secret = Object.freeze(
      ([checked('secret', given.secret ?? process.env.SESSION_SECRET)].flat() as CookieSecret[]).map(copyOfSecret),
    );
    this.name = checked('name', given.name ?? 'sid');
    const cookie = checked('cookie', given.cookie ?? {});
    this.cookie = typeof cookie === 'function' ? cookie : Object.freeze({ ...COOKIE_DEFAULTS, ...cookie });
    this.ttl = checked('ttl', given.ttl ?? 24 * 60 * MINUTE);
    this.anonymousTtl = checked('anonymousTtl', given.anonymousTtl);
    this.absoluteTtl = checked('absoluteTtl', given.absoluteTtl);
    this.touchAfter = checked('touchAfter', given.touchAfter ?? MINUTE);
    this.rolling = checked('rolling', given.rolling ?? false);
    this.unset = checked('unset', given.unset ?? 'keep');
    this.locking = checked('locking', given.locking ?? 'auto');
    this.tableName = checked('tableName', given.tableName ?? DEFAULT_TABLE);
    this.schema = checked('schema', given.schema);
    this.createTable = checked('createTable', given.createTable ?? false);
    this.repository = checked('repository', given.repository);
    this.merge = new Map(Object.entries<MergeRule | undefined>(checked('merge', given.merge ?? {})).filter(isGiven));
    this.mergeDefault = checked('mergeDefault', given.mergeDefault);
    this.serializer = checked('serializer', given.serializer ?? 'json');
    const encryption = checked('encryption', given.encryption);
    const { readPlaintext = false, writePlaintext = false } = encryption ?? {};
    this.encryption = encryption && Object.freeze({ keys: Object.freeze(encryption.keys.map(keyObjectOf)), readPlaintext, writePlaintext });
    this.hashIds = checked('hashIds', given.hashIds ?? true);
    this.migrateFrom = checked('migrateFrom', given.migrateFrom);
    this.userId = checked('userId', given.userId);
    const limit = checked('maxSessionsPerUser', given.maxSessionsPerUser);
    this.maxSessionsPerUser = typeof limit === 'number' ? { max: limit, whenFull: 'evict-oldest' } : limit;
    if (limit !== undefined && this.userId === undefined) throw withoutUserId('maxSessionsPerUser');
    if (this.anonymousTtl !== undefined) refuseIdleAnonymousTtl(this);
    this.maxBytes = checked('maxBytes', given.maxBytes ?? 1024 * 1024);
    this.maxAttempts = checked('maxAttempts', given.maxAttempts ?? 10);
    this.timeout = checked('timeout', given.timeout ?? 10_000);
    this.maxWaiting = checked('maxWaiting', given.maxWaiting ?? 10_000);
    this.pruneInterval = checked('pruneInterval', given.pruneInterval ?? 15 * MINUTE);
    this.events = checked('events', given.events);
    this.telemetry = checked('telemetry', given.telemetry ?? false);
    this.mount = checked('mount', given.mount ?? true);
    this.exclude = Object.freeze([...checked('exclude', given.exclude ?? [])]);
    if (!this.mount && this.exclude.length > 0) throw idleExclude();
    if (isProduction()) refuseWeakSecret(this.secret);
    // What a function returns is known when a request comes.
    const refused = flawInCookie({ name: this.name, cookie: typeof this.cookie === 'function' ? { secure: true } : this.cookie });
    if (refused) throw new SmartSessionConfigError(refused.option, refused.given, refused.expected);
    Object.freeze(this);
  }
}

function checked<Value>(option: keyof SmartSessionModuleOptions, given: Value): Value {
  const expected = flawIn(option, given);
  if (expected !== undefined) throw new SmartSessionConfigError(option, `${show(option, given)} was given`, expected);
  return given;
}

/** What would be right instead of a value for an option; undefined if the value is right. */
export function flawIn(option: keyof SmartSessionModuleOptions, given: unknown): string | undefined {
  return OPTION_CHECKS[option](given);
}

/** Whether there is an option of this name. */
export function isOption(name: string): boolean {
  return Object.hasOwn(OPTION_CHECKS, name);
}

function refuseUnknown(given: object): void {
  const [unknown, ...others] = Object.keys(given).filter((option) => !isOption(option));
  if (unknown === undefined) return;
  const advice = Object.hasOwn(UNSUPPORTED_OPTIONS, unknown)
    ? UNSUPPORTED_OPTIONS[unknown]
    : `The options are ${Object.keys(OPTION_CHECKS).join(', ')}.`;
  const rest = others.length === 0 ? '' : ` There is no ${others.map((option) => `\`${option}\``).join(', ')} either.`;
  throw new SmartSessionConfigError(unknown, 'there is no such option', `${advice}${rest}`);
}

/** A secret, a key, or a connection's password, which a store has too, is nothing for a log. */
function show(option: string, given: unknown): string {
  if (given === undefined) return 'nothing';
  if (['secret', 'encryption', 'connection', 'migrateFrom'].includes(option))
    return `a value of type ${Array.isArray(given) ? 'array' : typeof given}`;
  if (typeof given === 'object') return inspect(given, { depth: 2, breakLength: Infinity });
  if (typeof given === 'function') return 'a function';
  return typeof given === 'string' ? `"${given}"` : String(given);
}

function optional(check: Check | ((given: unknown) => boolean), expected?: string): Check {
  return (given) => {
    if (given === undefined) return undefined;
    const result = check(given);
    return typeof result === 'boolean' ? (result ? undefined : `Give ${expected}.`) : result;
  };
}

function oneOf(...allowed: string[]): Check {
  return (given) => (allowed.includes(given as string) ? undefined : `Use one of ${allowed.map((name) => `'${name}'`).join(', ')}.`);
}

function positive(limit: number, unit?: string, other = ''): Check {
  const number = `a positive number${unit ? ` of ${unit}` : ''}${limit === Number.MAX_SAFE_INTEGER ? '' : `, at most ${limit}`}`;
  return (given) => (typeof given === 'number' && given > 0 && given <= limit ? undefined : `Give ${other}${number}.`);
}

function isBoolean(given: unknown): string | undefined {
  return typeof given === 'boolean' ? undefined : 'Use true or false.';
}

function isObject(given: unknown): boolean {
  return typeof given === 'object' && given !== null;
}

function isGiven(entry: [string, MergeRule | undefined]): entry is [string, MergeRule] {
  return entry[1] !== undefined;
}

function isFunction(given: unknown): boolean {
  return typeof given === 'function';
}

function isStore(given: unknown): boolean {
  return isObject(given) && isFunction((given as Store).get) && isFunction((given as Store).destroy);
}

function isCodec(given: unknown): boolean {
  return isObject(given) && isFunction((given as ValueCodec).encode) && isFunction((given as ValueCodec).decode);
}

function isName(given: unknown): boolean {
  return typeof given === 'string' && given !== '';
}

function isRoute(given: unknown): boolean {
  if (!isObject(given)) return isName(given);
  const { path, method } = given as { path?: unknown; method?: unknown };
  return isName(path) && typeof method === 'number' && method in RequestMethod;
}

/** Whoever believes that a route has no session must not be wrong. */
function idleExclude(): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'exclude',
    'it was given beside `mount: false`, where it does nothing',
    'Mount the middleware on the routes that shall have a session, and leave `exclude` out.',
  );
}

/** The others only verify: an app that moves here has one from before, and `warningsOf` tells of it. */
function refuseWeakSecret([first, ...others]: readonly CookieSecret[]): void {
  const flaw = flawInSecret(first!);
  if (flaw === undefined) return;
  const which = others.length === 0 ? '' : `, number 1 of ${others.length + 1}`;
  throw new SmartSessionConfigError(
    'secret',
    `${flaw} was given in production${which}`,
    'Use at least 32 random characters, such as `openssl rand -base64 32` prints. A weak one may stand after it, to verify the cookies that it has signed.',
  );
}

/** A limit that counts nobody's sessions would be believed to hold, and a session without a user is told by `userId` alone. */
function withoutUserId(option: 'maxSessionsPerUser' | 'anonymousTtl'): SmartSessionConfigError {
  return new SmartSessionConfigError(option, 'it was given without `userId`', 'Say how to find the user in a session, too.');
}

/** What a function returns for the cookie is known when a request comes. */
function refuseIdleAnonymousTtl({
  anonymousTtl,
  ttl,
  cookie,
  userId,
}: Pick<SmartSessionOptions, 'anonymousTtl' | 'ttl' | 'cookie' | 'userId'>): void {
  if (userId === undefined) throw withoutUserId('anonymousTtl');
  const { maxAge = undefined } = typeof cookie === 'function' ? { maxAge: Infinity } : cookie;
  if (anonymousTtl! <= (maxAge ?? ttl)) return;
  const [name, limit] = maxAge == null ? ['ttl', ttl] : ['cookie.maxAge', maxAge];
  throw new SmartSessionConfigError(
    'anonymousTtl',
    `${anonymousTtl} was given, and every session ends after ${limit} ms without use, by \`${name}\``,
    `Give at most ${limit}.`,
  );
}

function isSessionLimit(given: unknown): boolean {
  const { max, whenFull = 'evict-oldest' } = isObject(given) ? (given as Partial<MaxSessionsPerUser>) : { max: given };
  return Number.isInteger(max) && Number(max) > 0 && ['evict-oldest', 'deny'].includes(whenFull);
}

function isSecretOrSeveral(given: unknown): boolean {
  return Array.isArray(given) ? given.length > 0 && given.every(isSecret) : isSecret(given);
}

/** A promise would be no cookie. */
function isSynchronous(given: unknown): boolean {
  return typeof given === 'function' && !types.isAsyncFunction(given);
}

/** MikroORM puts a parameter in the place of a question mark, in names too. */
function isPlainName(name: string): boolean {
  return !/[?\0]/.test(name);
}

function isTableName(given: unknown): string | undefined {
  const isRight = typeof given === 'string' && given !== '' && Buffer.byteLength(given) <= LONGEST_TABLE_NAME && isPlainName(given);
  return isRight ? undefined : `Give a name of 1 to ${LONGEST_TABLE_NAME} bytes, without a question mark.`;
}
