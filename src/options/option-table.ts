import type { MergeRule } from '../shared/merge-rule.js';
import { isProduction } from '../shared/production.js';
import { COOKIE_DEFAULTS, EXPECTED_COOKIE, isCookieOptions, type CookieOption } from './cookie-rules.js';
import { isDevicesOption, resolveDevices, type ResolvedDevices } from './devices-option.js';
import { flawInEncryption, openEncryption, type ResolvedEncryption } from './encryption-keys.js';
import { isEmitter, isToken } from './events-option.js';
import { flawInFeed, resolveFeed, type ResolvedFeed } from './feed-option.js';
import { LONGEST_LIFETIME, LONGEST_TIMER } from './longest-values.js';
import type { ExcludedRoute, MaxSessionsPerUser, SmartSessionModuleOptions } from './module-options.js';
import {
  hasMethods,
  isCookieName,
  isFunction,
  isName,
  isObject,
  isPlainName,
  isRoute,
  isRules,
  isSecretOrSeveral,
  isSessionLimit,
  isSynchronous,
  oneOf,
  optional,
  positive,
  tableName,
  unless,
  yesOrNo,
  type Check,
} from './option-checks.js';
import { copyOfSecret, type CookieSecret } from './secrets.js';
import { isTransport, resolveTransport, type Transport } from './transport-option.js';

const MINUTE = 60_000;

/** The default of the option `tableName`. */
export const DEFAULT_TABLE = 'sessions';

/** How one option is checked and resolved. */
export interface OptionRule<Value> {
  /** Checks the value that was given, or the default. */
  readonly check: Check;
  /** Used if the option is not given. Without a default, the option stays undefined. */
  readonly default?: Value | undefined;
  /** Turns the value into the form that the library uses. Without it, the value stays as it is. */
  readonly resolve?: (value: Value) => unknown;
  /** The value holds a secret, a key or a password: messages show its type only. */
  readonly isConfidential?: true;
}

/** An option by its name. */
export type OptionName = keyof SmartSessionModuleOptions;

/** Every option: its check, its default, and its resolved form. `SmartSessionModuleOptions` has its type and meaning. */
export const OPTIONS = {
  dialect: { check: optional(oneOf('postgresql', 'mysql', 'mariadb', 'sqlite')) },
  connection: { check: optional(unless(isObject, "Give an object of MikroORM's options.")), isConfidential: true },
  client: {
    check: optional(unless((given) => isObject(given) || isFunction(given), 'Give the pool or the database that the app has opened.')),
    isConfidential: true,
  },
  contextName: { check: optional(unless(isName, 'Give a name.')) },
  secret: {
    check: unless(
      isSecretOrSeveral,
      'Give a string, a Buffer or a secret KeyObject, or a list of them. Or set the environment variable SESSION_SECRET.',
    ),
    get default() {
      return process.env.SESSION_SECRET;
    },
    resolve: (secret): readonly CookieSecret[] => Object.freeze(([secret].flat() as CookieSecret[]).map(copyOfSecret)),
    isConfidential: true,
  },
  name: {
    check: unless(isCookieName, "Give a cookie name, such as 'sid': letters, digits, - _ . and other token characters, without spaces."),
    default: 'sid',
  },
  cookie: {
    check: unless((given) => isCookieOptions(given) || isSynchronous(given), EXPECTED_COOKIE),
    default: {},
    resolve: (cookie): CookieOption => (typeof cookie === 'function' ? cookie : Object.freeze({ ...COOKIE_DEFAULTS, ...cookie })),
  },
  transport: {
    check: unless(isTransport, "Use 'cookie', a header such as { header: 'authorization', scheme: 'Session' }, or a list of both."),
    default: 'cookie',
    resolve: (transport): Transport => resolveTransport(transport),
  },
  ttl: { check: positive({ unit: 'ms' }), default: 24 * 60 * MINUTE },
  anonymousTtl: { check: optional(positive({ unit: 'ms', max: LONGEST_LIFETIME })) },
  absoluteTtl: { check: optional(positive({ unit: 'ms', max: LONGEST_LIFETIME })) },
  touchAfter: { check: positive({ unit: 'ms', or: 0 }), default: MINUTE },
  rolling: { check: yesOrNo, default: false },
  unset: { check: oneOf('destroy', 'keep'), default: 'keep' },
  locking: { check: oneOf('optimistic', 'pessimistic', 'auto'), default: 'auto' },
  tableName: { check: tableName, default: DEFAULT_TABLE },
  schema: { check: optional(unless(isPlainName, 'Give a name without a question mark.')) },
  createTable: { check: yesOrNo, default: false },
  repository: { check: optional(unless(isFunction, 'Give a class that extends SessionRepository.')) },
  merge: {
    check: unless(isRules, 'Give rules by key, such as { visits: counter() }.'),
    default: {},
    resolve: (rules): ReadonlyMap<string, MergeRule> => new Map(Object.entries<MergeRule | undefined>(rules).filter(isGiven)),
  },
  mergeDefault: { check: optional(unless(isFunction, 'Give a rule, such as deep().')) },
  detectOverwrites: {
    check: yesOrNo,
    get default() {
      return !isProduction();
    },
  },
  serializer: {
    check: unless(
      (given) => given === 'json' || given === 'rich' || hasMethods('encode', 'decode')(given),
      "Use 'json', 'rich', or an object with encode(value) and decode(stored).",
    ),
    default: 'json',
  },
  encryption: { check: flawInEncryption, resolve: (encryption): ResolvedEncryption => openEncryption(encryption), isConfidential: true },
  hashIds: { check: yesOrNo, default: true },
  migrateFrom: {
    check: optional(unless(hasMethods('get', 'destroy'), 'Give a store of express-session: an object with the methods get and destroy.')),
    isConfidential: true,
  },
  userId: { check: optional(unless((given) => isFunction(given) || isName(given), 'Give a key of the session, or a function.')) },
  maxSessionsPerUser: {
    check: optional(unless(isSessionLimit, "Give a whole number from 1, or { max, whenFull: 'evict-oldest' or 'deny' }.")),
    resolve: (limit): MaxSessionsPerUser => (typeof limit === 'number' ? { max: limit, whenFull: 'evict-oldest' } : limit),
  },
  devices: {
    check: optional(
      unless(isDevicesOption, "Give true, { ip: 'anonymized' } or { ip: 'full' }. The object may also have `describe`, a function."),
    ),
    resolve: (devices): ResolvedDevices | undefined => resolveDevices(devices),
  },
  maxBytes: { check: positive({ unit: 'bytes' }), default: 1024 * 1024 },
  maxAttempts: { check: positive({ max: 1000 }), default: 10 },
  timeout: { check: positive({ unit: 'ms', max: LONGEST_TIMER }), default: 10_000 },
  maxWaiting: { check: positive(), default: 10_000 },
  pruneInterval: { check: positive({ unit: 'ms', max: LONGEST_TIMER, or: false }), default: 15 * MINUTE },
  events: {
    check: optional(
      unless(
        (given) => isEmitter(given) || isToken(given),
        'Give an emitter, or the token under which a module provides it, such as EventEmitter2.',
      ),
    ),
  },
  feed: { check: flawInFeed, default: {}, resolve: (feed): ResolvedFeed => resolveFeed(feed) },
  telemetry: { check: yesOrNo, default: false },
  mount: { check: yesOrNo, default: true },
  exclude: {
    check: unless(
      (given) => Array.isArray(given) && given.every(isRoute),
      "Give a list of paths, such as 'health', or of { path: 'health', method: RequestMethod.GET }.",
    ),
    default: [],
    resolve: (routes: readonly ExcludedRoute[]): readonly ExcludedRoute[] => Object.freeze([...routes]),
  },
} satisfies { readonly [Option in OptionName]-?: OptionRule<NonNullable<SmartSessionModuleOptions[Option]>> };

function isGiven(entry: [string, MergeRule | undefined]): entry is [string, MergeRule] {
  return entry[1] !== undefined;
}
