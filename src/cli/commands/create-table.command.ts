import { dialectOfDriver } from '../../dialects/dialect-of-driver.js';
import type { Dialect } from '../../dialects/dialect.js';
import { DIALECTS } from '../../dialects/index.js';
import { LAYOUT } from '../../dialects/table-layout.js';
import type { DatabaseContext } from '../../persistence/database-context.js';
import { upgradeDatabase } from '../../persistence/open-database.js';
import { escaped } from '../../shared/shown-keys.js';
import { visible } from '../../shared/visible.js';
import type { SmartSessionModuleOptions } from '../../options/module-options.js';
import { DEFAULT_TABLE } from '../../options/option-table.js';
import { SmartSessionOptions } from '../../options/smart-session.options.js';
import { defineCommand } from '../command.js';
import { openOrm } from '../open-orm.js';
import { withSessions, withTable } from '../open-sessions.js';
import { readSessionOptions, type CommonGiven } from '../settings.js';
import { UsageError } from '../usage-error.js';

export const createTable = defineCommand({
  name: 'create-table',
  summary: 'prints the SQL that makes the sessions table, makes it, or upgrades it.',
  details: [
    'With --dialect, or `dialect` in the options, no database and no configuration is needed to print the SQL.',
    'Beside the table it makes a table of leases, such as sessions_leases.',
    'With --run it makes both if the sessions table is missing. Several processes may run it at once. A table that exists',
    'is checked for its columns, and never changed.',
    'With --upgrade it adds the columns and the table of leases that a table of an older version lacks. The app may run',
    'meanwhile, in old processes and new ones. If an upgrade was aborted, the next run completes it.',
  ],
  options: {
    run: { type: 'boolean', help: 'Make the table, rather than print the SQL.' },
    upgrade: { type: 'boolean', help: 'Add what a table of an older version lacks.' },
  },
  examples: [
    ['create-table --dialect postgresql', 'Prints the SQL, such as for a migration.'],
    ['create-table --run --table web_sessions', 'Makes the table web_sessions if it is missing.'],
    ['create-table --upgrade', 'Brings the table sessions up to date.'],
  ],
  run: async (given, terminal) => {
    if (given.run && given.upgrade) throw new UsageError('create-table: give either --run or --upgrade.');
    if (given.upgrade) return terminal.print(await upgraded(given));
    if (!given.run) return terminal.print(await definition(given));
    await withSessions(given, async ({ database }) => terminal.print(outcome(database)), { createTable: true });
  },
});

function outcome({ tableName, isNew, layout }: DatabaseContext): string {
  if (isNew) return `Made the table "${escaped(tableName)}".`;
  return layout === LAYOUT
    ? `The table "${escaped(tableName)}" was there already, with all its columns. Nothing was changed.`
    : `The table "${escaped(tableName)}" was there already, with layout ${layout}. Nothing was changed. create-table --upgrade brings it to layout ${LAYOUT}.`;
}

async function upgraded(given: CommonGiven): Promise<string> {
  const read = await readSessionOptions(given);
  const orm = read.connection ? undefined : await openOrm(given.contextName ?? read.contextName, given.config);
  try {
    const options = new SmartSessionOptions({ ...withTable(read, orm), contextName: undefined });
    const { from, to } = await upgradeDatabase(options, orm);
    const table = `The table "${escaped(options.tableName)}"`;
    return from === to
      ? `${table} has layout ${to} already. Nothing was changed.`
      : `${table} was brought from layout ${from} to layout ${to}.`;
  } finally {
    await orm?.close();
  }
}

async function definition(given: CommonGiven): Promise<string> {
  const read = await readSessionOptions(given);
  const options = new SmartSessionOptions(read);
  if (options.dialect !== undefined) return statements(DIALECTS[options.dialect], options);
  if (options.connection) return statements(await dialectOf(options.connection.driver), options);
  const orm = await openOrm(given.contextName ?? options.contextName, given.config);
  try {
    return statements(await dialectOf(orm.em.getDriver().constructor), withTable(read, orm));
  } finally {
    await orm.close();
  }
}

function statements(
  dialect: Dialect,
  { tableName = DEFAULT_TABLE, schema }: Pick<SmartSessionModuleOptions, 'tableName' | 'schema'>,
): string {
  refuseUnseen(tableName);
  refuseUnseen(schema);
  return dialect
    .tableDefinition(tableName, schema)
    .map((statement) => `${statement};`)
    .join('\n');
}

/** The printed SQL would have escapes for such characters, and so make another table. */
function refuseUnseen(name = ''): void {
  if (visible(name) !== name)
    throw new UsageError(
      `create-table: the name "${escaped(name)}" has characters that cannot be printed as they are. Make the table by --run, or choose another name.`,
    );
}

async function dialectOf(driver: unknown): Promise<Dialect> {
  const found = await dialectOfDriver(driver);
  if (found) return found;
  throw new UsageError(`the connection does not tell the dialect. Give --dialect, one of ${Object.keys(DIALECTS).join(', ')}.`);
}
