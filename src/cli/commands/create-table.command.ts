import { dialectOfDriver } from '../../dialects/dialect-of-driver.js';
import type { Dialect } from '../../dialects/dialect.js';
import { DIALECTS } from '../../dialects/index.js';
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
  summary: 'prints the SQL that makes the sessions table, or runs it.',
  details: [
    'With --dialect, or `dialect` in the options, no database and no configuration is needed to print it.',
    'With --run the table is made if it is missing, in one step however many run it at once; one that is there is',
    'checked for its columns, and never changed.',
  ],
  options: { run: { type: 'boolean', help: 'Make the table, rather than print the SQL.' } },
  examples: [
    ['create-table --dialect postgresql', 'Prints the SQL, such as for a migration.'],
    ['create-table --run --table web_sessions', 'Makes the table web_sessions if it is missing.'],
  ],
  run: async (given, terminal) => {
    if (!given.run) return terminal.print(await definition(given));
    await withSessions(given, async ({ options, database }) => terminal.print(outcome(options.tableName, database.isNew)), {
      createTable: true,
    });
  },
});

function outcome(tableName: string, isNew: boolean): string {
  return isNew
    ? `Made the table "${escaped(tableName)}".`
    : `The table "${escaped(tableName)}" was there already, with all its columns. Nothing was changed.`;
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
