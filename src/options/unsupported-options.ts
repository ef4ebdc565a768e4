const NO_TOUCH = 'Leave it out: put `@NoTouch()` on the routes that do not extend the session.';
const OWN_CONNECTION = "Leave it out: give MikroORM's options as `connection`, or use the app's MikroORM.";
const IN_CONNECTION = 'Put it into `connection`, under the name that MikroORM has for it.';
const POOL = 'Put it into `connection`, as `pool: { max }`.';
const IN_MS = 'Use `pruneInterval`, in ms; `false` turns it off.';
const NO_COLUMNS = 'Leave it out: the columns of the table have fixed names.';
const NO_EXPIRY_OFF = 'Leave it out: every session ends. Give `ttl` a large number of ms.';
const LOGGED = "Leave it out: failures go to Nest's logger.";
const CODEC = 'Use `serializer`, an object with encode(value) and decode(stored) for the value of each key.';
const ENCRYPTION = 'Use `encryption: { keys }`, with keys of 32 random bytes.';

/** Options of express-session and of its stores that this library does not have, each with the advice what to use instead. */
export const UNSUPPORTED_OPTIONS: Readonly<Record<string, string>> = {
  // express-session
  genid: 'Leave it out: an id is 192 random bits, and no option changes that.',
  proxy:
    "Leave it out: tell the platform instead: `app.set('trust proxy', 1)` on Express, `new FastifyAdapter({ trustProxy: true })` on Fastify.",
  resave: 'Leave it out: a request writes only what it has changed.',
  saveUninitialized: 'Leave it out: a new session is stored when a request puts something into it.',
  store: 'Leave it out: this library is the store. To take over the sessions of another store, give that as `migrateFrom`.',
  // connect-pg-simple
  conObject: IN_CONNECTION,
  conString: 'Put it into `connection`, as `clientUrl`.',
  createTableIfMissing: 'Use `createTable`.',
  disableTouch: NO_TOUCH,
  errorLog: LOGGED,
  pgPromise: OWN_CONNECTION,
  pool: 'Use `client`.',
  pruneSessionInterval: IN_MS,
  pruneSessionRandomizedInterval: 'Leave it out: the intervals are random already.',
  schemaName: 'Use `schema`.',
  // express-mysql-session
  charset: 'Leave it out: the data is stored as text that every character set holds.',
  checkExpirationInterval: IN_MS,
  clearExpired: IN_MS,
  connectionLimit: POOL,
  createDatabaseTable: 'Use `createTable`.',
  database: 'Put it into `connection`, as `dbName`.',
  endConnectionOnClose: 'Leave it out: a `connection` of the sessions is closed with the app.',
  expiration: 'Use `ttl`, in ms.',
  host: IN_CONNECTION,
  idleTimeout: POOL,
  maxIdle: POOL,
  password: IN_CONNECTION,
  port: IN_CONNECTION,
  queueLimit: 'Use `maxWaiting`.',
  user: IN_CONNECTION,
  waitForConnections: 'Leave it out: requests wait, as many as `maxWaiting` allows, for `timeout` ms.',
  // connect-session-knex
  cleanupInterval: IN_MS,
  knex: 'Use `client`.',
  onDbCleanupError: LOGGED,
  sidFieldName: NO_COLUMNS,
  // better-sqlite3-session-store
  expired: IN_MS,
  // connect-redis
  disableTTL: NO_EXPIRY_OFF,
  prefix: 'Leave it out: sessions of another app go into another table, by `tableName`.',
  scanCount: 'Leave it out: an index finds the sessions.',
  // connect-mongo
  autoRemove: IN_MS,
  autoRemoveInterval: IN_MS,
  clientPromise: OWN_CONNECTION,
  collectionName: 'Use `tableName`.',
  createAutoRemoveIdx: IN_MS,
  crypto: ENCRYPTION,
  cryptoAdapter: ENCRYPTION,
  dbName: 'Put it into `connection`.',
  mongoOptions: OWN_CONNECTION,
  mongoUrl: OWN_CONNECTION,
  serialize: CODEC,
  stringify: 'Leave it out: the data is stored as a text.',
  timestamps: 'Leave it out: each row has the columns created_at and updated_at.',
  transformId: 'Leave it out: rows are keyed by a hash of the session id, unless `hashIds` is false.',
  unserialize: CODEC,
  writeOperationOptions: 'Leave it out: a commit is as durable as the database makes it.',
  // memorystore
  checkPeriod: IN_MS,
  dispose: 'Use `events`: session.destroyed and session.expired report which sessions have ended.',
  max: 'Leave it out: the table has no limit. `maxSessionsPerUser` limits the sessions of one user.',
  noDisposeOnSet: 'Leave it out: `events` report the end of a session, not its writes.',
  stale: 'Leave it out: an expired session is never returned.',
};
