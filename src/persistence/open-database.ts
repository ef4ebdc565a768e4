import { MikroORM } from '@mikro-orm/core';
import type { Dialect } from '../dialects/dialect.js';
import type { DialectName } from '../shared/dialect-name.js';
import { dialectOfDriver } from '../dialects/dialect-of-driver.js';
import { MissingPackageError } from '../dialects/missing-package.js';
import { DIALECTS } from '../dialects/index.js';
import { UnusableClientError } from '../dialects/unusable-client.js';
import { flawInUrl } from '../dialects/url-schemes.js';
import { qualifiedName } from '../dialects/qualified-name.js';
import { isPlainObject } from '../shared/plain-object.js';
import { reasonIn } from '../shared/redaction.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';
import { clientDatabase } from './client-database.js';
import { connectToConfigured } from './configured-database.js';
import { guardConnections } from './connection-guard.js';
import { DatabaseContext, longestBatchFor } from './database-context.js';
import { requireAll } from './database-requirements.js';
import { boundOptions, isOfCore, ormConnection, ormVersion } from './mikro-orm/versions.js';
import { defineSessionEntity, defineSessionLeaseEntity } from './session.entity.js';
import { warningsOfDrop } from './schema-generator.js';
import { endSilentOnes } from './silent-connections.js';
import type { SqlConnection } from './sql-connection.js';
import { StatementRunner } from './statement-runner.js';
import { checkDevices, checkLayout, checkLocking, checkSize, findTable, warningOfLayout, type FoundTable } from './table-check.js';
import { checkSchema, createTable, unopened } from './table-creation.js';
import { schemaOf } from './table-location.js';
import { upgradeTable, type Upgrade } from './table-upgrade.js';

/**
 * Finds the sessions table on the app's MikroORM or its client, or opens a MikroORM of its own.
 *
 * @param appOrm the app's MikroORM, if there is one
 * @throws SmartSessionConfigError, and SessionDatabaseError for a database that would lose sessions
 */
export function openDatabase(options: SmartSessionOptions, appOrm: MikroORM | undefined): Promise<DatabaseContext> {
  return onDatabase(options, appOrm, (place) => openTable(place, options, appOrm));
}

/**
 * Brings the sessions table to the newest layout, on the app's MikroORM or its client, or on a MikroORM of its own, which it closes.
 *
 * @param appOrm the app's MikroORM, if there is one
 * @throws SmartSessionConfigError, and SessionDatabaseError for a database that would lose sessions
 */
export async function upgradeDatabase(options: SmartSessionOptions, appOrm: MikroORM | undefined): Promise<Upgrade> {
  return onDatabase(options, appOrm, async ({ dialect, runner, schema, close }) => {
    const upgrade = await upgradeTable(dialect, runner, options.tableName, schema);
    await close();
    return upgrade;
  });
}

/**
 * Connects to the sessions' database for `work`, and closes it afterwards. Nothing is checked, so that `work` can find out everything
 * that is wrong.
 *
 * @param appOrm the app's MikroORM, if there is one
 * @throws SmartSessionConfigError if there is no such database, and the driver's errors
 */
export async function inspectDatabase<Result>(
  options: SmartSessionOptions,
  appOrm: MikroORM | undefined,
  work: (place: Place) => Promise<Result>,
): Promise<Result> {
  const inspect = async (place: Place) => {
    const result = await work(place);
    await place.close();
    return result;
  };
  return onDatabase(options, appOrm, inspect, async (place) => place);
}

/** A database that is connected, and the schema of the sessions table in it. */
export interface Place {
  /** Undefined if the app has given its client. */
  readonly orm: MikroORM | undefined;
  readonly dialect: Dialect;
  readonly runner: StatementRunner;
  /** Undefined for the connection's own. */
  readonly schema: string | undefined;
  /** Closes what was opened for the sessions. */
  readonly close: () => Promise<void>;
}

/** Checks a place that was connected. */
type CheckPlace = (place: Place, connection: SqlConnection) => Promise<Place>;

/** Connects to the database for `work`. What was opened for the sessions stays open, unless `work` fails. */
function onDatabase<Result>(
  options: SmartSessionOptions,
  appOrm: MikroORM | undefined,
  work: (place: Place) => Promise<Result>,
  checked: CheckPlace = check,
): Promise<Result> {
  return options.client === undefined ? onOrm(options, appOrm, work, checked) : onClient(options.client, options, work, checked);
}

async function onClient<Result>(
  client: object,
  options: SmartSessionOptions,
  work: (place: Place) => Promise<Result>,
  checked: CheckPlace,
): Promise<Result> {
  const { dialect, connection } = clientDatabase(client, options.dialect);
  const close = () => connection.close();
  try {
    return await reporting(dialect, async () => {
      const runner = new StatementRunner(() => connection, dialect);
      await connectTo(runner, dialect, options.timeout);
      return work(await checked({ orm: undefined, dialect, runner, schema: options.schema, close }, connection));
    });
  } catch (error) {
    await close();
    throw error;
  }
}

/** Connects to the app's client. A pool may have no time limit, and the app may hold its connections. */
async function connectTo(runner: StatementRunner, dialect: Dialect, timeout: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(silent(timeout)), timeout);
  });
  try {
    await Promise.race([runner.run('select 1'), late]);
  } catch (error) {
    throw error instanceof SmartSessionConfigError || error instanceof UnusableClientError ? error : unopened(dialect, error, 'client');
  } finally {
    clearTimeout(timer);
  }
}

function silent(timeout: number): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'client',
    `it gave no connection within ${timeout} ms`,
    'Check whether the database answers. If the app holds all connections of the pool at start, such as one that listens, raise the size of the pool.',
  );
}

async function onOrm<Result>(
  options: SmartSessionOptions,
  appOrm: MikroORM | undefined,
  work: (place: Place) => Promise<Result>,
  checked: CheckPlace,
): Promise<Result> {
  const orm = options.connection ? await openOwn(options) : appOrm;
  if (!orm) {
    throw new SmartSessionConfigError(
      options.contextName ? 'contextName' : 'connection',
      `there is no MikroORM${options.contextName ? ` named "${options.contextName}"` : ''} in the app`,
      "Import `MikroOrmModule.forRoot(…)` in the app, give the app's own pool as `client`, or give `connection` for a separate database.",
    );
  }
  let connection: SqlConnection | undefined;
  const close = async () => {
    await connection?.close();
    if (options.connection) await orm.close();
  };
  try {
    const dialect = await dialectOf(options, orm);
    const opened = (connection = ormConnection(orm.em.getConnection(), dialect));
    return await reporting(dialect, async () => {
      const runner = new StatementRunner(() => orm.em.getConnection(), dialect);
      const schema = schemaOf(options, orm);
      await connect(orm, options, dialect, opened, runner);
      return work(await checked({ orm, dialect, runner, schema, close }, opened));
    });
  } catch (error) {
    await close();
    throw error;
  }
}

/** Turns the driver's error for a missing database into one that says what to do. */
async function reporting<Result>(dialect: Dialect, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw dialect.isMissingDatabase(error) ? unopened(dialect, error) : error;
  }
}

async function connect(
  orm: MikroORM,
  { connection, timeout }: SmartSessionOptions,
  dialect: Dialect,
  opened: SqlConnection,
  runner: StatementRunner,
): Promise<void> {
  await connectToConfigured(orm, runner, dialect);
  if (!connection) return;
  await endSilentOnes(opened, dialect, timeout);
  await dialect.prepare?.(runner.run);
}

/** Checks that the database can keep sessions. */
async function check(place: Place, connection: SqlConnection): Promise<Place> {
  const { dialect, runner, schema } = place;
  await guardConnections(connection, dialect);
  if (dialect.serverRequirements) await requireAll(runner.run, dialect.serverRequirements);
  if (schema !== undefined) await checkSchema(dialect, runner, schema);
  return place;
}

async function openTable(place: Place, options: SmartSessionOptions, appOrm: MikroORM | undefined): Promise<DatabaseContext> {
  const { orm, dialect, runner, schema } = place;
  const { tableName } = options;
  const isNew = options.createTable && (await dialect.columns(runner.run, tableName, schema)).length === 0;
  if (isNew && dialect.creationRequirements) await requireAll(runner.run, dialect.creationRequirements);
  if (isNew) await createTable(dialect, runner, tableName, schema);
  const { columns, layout } = await findTable(dialect, runner, tableName, schema);
  checkLayout(layout, tableName, schema);
  checkLocking(columns, options, schema);
  checkDevices(layout, options, schema);
  const requirements = dialect.tableRequirements?.(qualifiedName(dialect.quote, tableName, schema));
  if (requirements) await requireAll(runner.run, requirements, [schema ?? null, tableName]);
  const keyHint = await dialect.keyHint?.(runner.run, tableName, schema);
  const warnings = [
    warningOfLayout(layout, tableName, schema),
    ...(orm ? warningsOfDrop({ orm, tableName, schema }, layout.hasLeases, appOrm) : []),
    ...((await dialect.clusterWarnings?.(runner.run)) ?? []),
  ];
  const packet = await dialect.largestStatement?.(runner.run);
  checkSize(options, packet);
  return contextOf(
    place,
    options,
    { columns, layout },
    {
      keyHint,
      isNew,
      warnings: warnings.filter((warning) => warning !== undefined),
      longestBatch: longestBatchFor(packet),
      batchesUpdates: !(await dialect.repeatsStatements?.(runner.run)),
    },
  );
}

/** More facts about a table and its server. */
type Facts = Partial<Pick<DatabaseContext, 'keyHint' | 'isNew' | 'warnings' | 'longestBatch' | 'batchesUpdates'>>;

/** Returns the context of a table that was found. */
export function contextOf(
  { orm, dialect, runner, schema, close }: Place,
  { tableName, timeout, absoluteTtl, devices }: SmartSessionOptions,
  { columns, layout }: FoundTable,
  { keyHint, isNew, warnings, longestBatch, batchesUpdates }: Facts = {},
): DatabaseContext {
  return new DatabaseContext(
    orm,
    runner,
    dialect,
    tableName,
    schema,
    columns.includes('lock_version'),
    timeout,
    absoluteTtl,
    keyHint,
    isNew,
    warnings,
    longestBatch,
    layout.version,
    batchesUpdates,
    close,
    devices !== undefined,
  );
}

async function dialectOf({ dialect: given }: SmartSessionOptions, orm: MikroORM): Promise<Dialect> {
  const driver = orm.em.getDriver().constructor;
  const found = await dialectOfDriver(driver, given);
  if (!found) {
    throw new SmartSessionConfigError(
      'connection',
      `its driver is ${driver.name}`,
      `Use the driver of ${Object.keys(DIALECTS).join(', ')}, or a class that extends it. For another driver, set \`dialect\` to its database.`,
    );
  }
  if (given && given !== found.name) {
    throw new SmartSessionConfigError(
      'dialect',
      `'${given}' was given, but the connection's driver is for ${found.name}`,
      `Use '${found.name}', or leave \`dialect\` out.`,
    );
  }
  const flaw = flawInUrl(orm.config.get('clientUrl'), found.name);
  if (flaw !== undefined) {
    throw new SmartSessionConfigError(
      'connection',
      flaw,
      "Give the URL of its server in `connection` or in MikroORM's configuration, or the driver and the `dialect` of the URL's database.",
    );
  }
  return found;
}

async function openOwn({ connection, dialect, tableName, schema, timeout }: SmartSessionOptions): Promise<MikroORM> {
  const place = { tableName, ...(schema === undefined ? {} : { schema }) };
  const entities = [defineSessionEntity(place), defineSessionLeaseEntity(place)];
  const driver = connection?.driver ?? (await importDriver(dialect));
  const driverOptions = withDefaults(connection?.driverOptions, boundOptions(await dialectOfDriver(driver, dialect), timeout));
  const settings = { ensureDatabase: false, ...connection, driverOptions, driver, entities } as never;
  return MikroORM.init(settings).catch((error: unknown) => {
    throw refusedByMikroOrm(error);
  });
}

function refusedByMikroOrm(error: unknown): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'connection',
    `MikroORM refuses it: ${reasonIn(error)}`,
    'Correct it. If a value comes from an environment variable, such as `clientUrl`, check that the variable is set.',
    error,
  );
}

/** Adds defaults to the app's options, which take precedence. The app may also have given a function or a ready client. */
function withDefaults(given: unknown, defaults: object): unknown {
  if (given === undefined) return defaults;
  if (!isPlainObject(given)) return given;
  const merged: Record<string, unknown> = { ...defaults, ...given };
  for (const [name, value] of Object.entries(defaults)) if (isPlainObject(value)) merged[name] = withDefaults(given[name], value);
  return merged;
}

async function importDriver(dialect: DialectName | undefined): Promise<unknown> {
  if (!dialect) {
    throw new SmartSessionConfigError(
      'dialect',
      'nothing was given, and `connection` names no driver',
      `Use one of ${Object.keys(DIALECTS).join(', ')}.`,
    );
  }
  const { drivers } = DIALECTS[dialect];
  const missing: MissingPackageError[] = [];
  for (const { name, driver, load } of drivers) {
    try {
      const exported = await load();
      if (isOfCore(exported)) return exported[driver];
      missing.push(new MissingPackageError(name, new Error(`The ${name} that was found does not fit @mikro-orm/core.`)));
    } catch (error) {
      if (!(error instanceof MissingPackageError)) throw brokenDriver(dialect, name, error);
      missing.push(error);
    }
  }
  throw missingDriver(
    dialect,
    drivers.map(({ name }) => name),
    missing[0]!,
  );
}

function brokenDriver(dialect: DialectName, name: string, error: unknown): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'dialect',
    `'${dialect}' was given, but ${name} cannot be loaded: ${reasonIn(error)}`,
    'Fix that, or import the driver in the app and give its class as `connection.driver`.',
    error,
  );
}

function missingDriver(dialect: DialectName, names: readonly string[], cause: MissingPackageError): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'dialect',
    `'${dialect}' was given, but ${names.join(' and ')} cannot be found`,
    `Install it, in the version of @mikro-orm/core: npm install ${names.map((name) => `${name}@${ormVersion()}`).join(', or with MikroORM 6 npm install ')}. If it is installed, import the driver in the app and give its class as \`connection.driver\`.`,
    cause,
  );
}
