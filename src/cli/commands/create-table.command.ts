import { dialectOfDriver } from '../../dialects/dialect-of-driver.js';
import type { Dialect } from '../../dialects/dialect.js';
import { DIALECTS } from '../../dialects/index.js';
import { LAYOUT } from '../../dialects/table-layout.js';
import type { DatabaseContext } from '../../persistence/database-context.js';
import { kindsOf } from '../../persistence/client-database.js';
import { upgradeDatabase } from '../../persistence/open-database.js';
import { escaped } from '../../shared/shown-keys.js';
import { visible } from '../../shared/visible.js';
import type { SmartSessionModuleOptions } from '../../options/module-options.js';
import { DEFAULT_TABLE } from '../../options/option-table.js';
import { SmartSessionOptions } from '../../options/smart-session.options.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { FORMAT_NAMES, formatFor, languageOfApp } from '../migration/formats.js';
import { writeMigration } from '../migration/write-migration.js';
import { openOrm } from '../open-orm.js';
import { withSessions, withTable } from '../open-sessions.js';
import { printJson } from '../print-json.js';
import { refuseOtherDialect } from '../refuse-other-dialect.js';
import { readSessionOptions, readSettings, type CommonGiven } from '../settings.js';
import { UsageError } from '../usage-error.js';

export const createTable = defineCommand({
  name: 'create-table',
  summary: 'prints the SQL for the sessions table, writes a migration, creates the table, or upgrades it.',
  details: [
    'With --dialect, or `dialect` in the options, printing the SQL needs no database and no configuration.',
    'It also creates a table of leases, such as sessions_leases.',
    'With --migration it writes the SQL as a migration of the tool in package.json. It overwrites no file.',
    'With --run it creates both if the sessions table is missing. Several processes may run it at once.',
    'It checks the columns of an existing table and never changes them.',
    'With --upgrade it adds the columns and the table of leases that are missing in an older layout. Old and',
    'new processes of the app may run meanwhile. If an upgrade was aborted, the next run completes it.',
  ],
  options: {
    run: { type: 'boolean', help: 'Create the table instead of printing the SQL.' },
    upgrade: { type: 'boolean', help: 'Upgrade a table of an older layout.' },
    migration: { type: 'string', value: '<folder>', help: 'Write a migration into this folder, and print its path.' },
    format: { type: 'string', value: '<name>', help: `With --migration: ${FORMAT_NAMES.join(', ')}. Default: the tool in package.json.` },
    json: JSON_OPTION,
  },
  examples: [
    ['create-table --dialect postgresql', 'Prints the SQL, for example for a migration.'],
    ['create-table --migration src/migrations', 'Writes a migration.'],
    ['create-table --run --table web_sessions', 'Creates the table web_sessions if it is missing.'],
    ['create-table --upgrade', 'Upgrades the table sessions.'],
  ],
  run: async (given, terminal) => {
    refuseSeveral(given);
    const { document, text, advice } = await resultOf(given);
    if (given.json) printJson(terminal, document);
    else terminal.print(text);
    if (advice !== undefined) terminal.note(advice);
  },
});

/** The result of the command. */
interface Result {
  /** The result as JSON has it. */
  readonly document: object;
  /** The same for a reader. */
  readonly text: string;
  /** The next step, if there is one. */
  readonly advice?: string;
}

async function resultOf(given: CommonGiven & Ways): Promise<Result> {
  if (given.upgrade) return upgraded(given);
  if (given.migration !== undefined) return written(given, given.migration, given.format);
  if (!given.run) return onDialect(given, statements);
  return withSessions(given, async ({ database }) => created(database), { createTable: true });
}

interface Ways {
  readonly run?: boolean | undefined;
  readonly upgrade?: boolean | undefined;
  readonly migration?: string | undefined;
  readonly format?: string | undefined;
}

function refuseSeveral({ run, upgrade, migration, format }: Ways): void {
  const given = [run && '--run', upgrade && '--upgrade', migration !== undefined && '--migration'].filter(
    (way) => way !== false && way !== undefined,
  );
  if (given.length > 1) throw new UsageError(`create-table: give either ${given.join(' or ')}.`);
  if (migration === '') throw new UsageError('create-table: --migration is empty. Give the folder of the migrations.');
  if (format !== undefined && migration === undefined)
    throw new UsageError('create-table: --format was given without --migration. Give the folder of the migrations too.');
}

async function written(given: CommonGiven, folder: string, formatName: string | undefined): Promise<Result> {
  const format = await formatFor(formatName);
  const target = { folder, format, language: await languageOfApp() };
  const path = await onDialect(given, (dialect, { tableName = DEFAULT_TABLE, schema }) =>
    writeMigration(target, dialect, tableName, schema),
  );
  const advice = `It is a migration of the format ${format.name}. ${format.advice}`;
  return { document: { path, format: format.name }, text: path, advice };
}

function created(database: DatabaseContext): Result {
  const { tableName, isNew, layout } = database;
  return { document: { table: tableName, created: isNew, layout }, text: outcome(database) };
}

function outcome({ tableName, isNew, layout }: DatabaseContext): string {
  if (isNew) return `Created the table "${escaped(tableName)}".`;
  return layout === LAYOUT
    ? `The table "${escaped(tableName)}" exists and has all its columns. Nothing was changed.`
    : `The table "${escaped(tableName)}" exists with layout ${layout}. Nothing was changed. Run create-table --upgrade to upgrade it to layout ${LAYOUT}.`;
}

async function upgraded(given: CommonGiven): Promise<Result> {
  const { exported, options: read } = await readSettings(given);
  const orm = read.connection || read.client ? undefined : await openOrm(given.contextName ?? read.contextName, given.config);
  try {
    await refuseOtherDialect(given, exported, orm);
    const options = new SmartSessionOptions({ ...withTable(read, orm), contextName: undefined });
    const { from, to } = await upgradeDatabase(options, orm);
    const { tableName } = options;
    const table = `The table "${escaped(tableName)}"`;
    const text =
      from === to
        ? `${table} already has layout ${to}. Nothing was changed.`
        : `${table} was upgraded from layout ${from} to layout ${to}.`;
    return { document: { table: tableName, from, to }, text };
  } finally {
    await orm?.close();
  }
}

type NamedTable = Pick<SmartSessionModuleOptions, 'tableName' | 'schema'>;

/** Finds the dialect and the name of the table, for `work`. If the options name the dialect, no database is needed. */
async function onDialect<Found>(given: CommonGiven, work: (dialect: Dialect, table: NamedTable) => Found | Promise<Found>): Promise<Found> {
  const read = await readSessionOptions(given);
  const options = new SmartSessionOptions(read);
  if (options.dialect !== undefined) return work(DIALECTS[options.dialect], options);
  // MySQL and MariaDB, which have the same drivers, have the same table.
  if (options.client) return work(kindsOf(options.client)[0].dialect, options);
  if (options.connection) return work(await dialectOf(options.connection.driver), options);
  const orm = await openOrm(given.contextName ?? options.contextName, given.config);
  try {
    return await work(await dialectOf(orm.em.getDriver().constructor), withTable(read, orm));
  } finally {
    await orm.close();
  }
}

function statements(dialect: Dialect, { tableName = DEFAULT_TABLE, schema }: NamedTable): Result {
  refuseUnseen(tableName);
  refuseUnseen(schema);
  const sql = dialect.tableDefinition(tableName, schema);
  return { document: { dialect: dialect.name, statements: sql }, text: sql.map((statement) => `${statement};`).join('\n') };
}

/** Refuses a name that the printed SQL would contain in escaped form. It would create another table. */
function refuseUnseen(name = ''): void {
  if (visible(name) !== name)
    throw new UsageError(
      `create-table: the name "${escaped(name)}" has characters that cannot be printed unescaped. Create the table with --run, or choose another name.`,
    );
}

async function dialectOf(driver: unknown): Promise<Dialect> {
  const found = await dialectOfDriver(driver);
  if (found) return found;
  throw new UsageError(`the dialect of the connection is unknown. Give --dialect, one of ${Object.keys(DIALECTS).join(', ')}.`);
}
