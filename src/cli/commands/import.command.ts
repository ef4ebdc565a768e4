import type { StoreFormat } from '../../migration/store-format.js';
import type { PreviousTable, PreviousTablePlace } from '../../migration/previous-table.js';
import { STORE_FORMATS } from '../../migration/stores/index.js';
import { escaped } from '../../shared/shown-keys.js';
import { SessionImporter } from '../../migration/session-importer.js';
import type { SessionKey, SmartSessionModuleOptions } from '../../options/module-options.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { ImportReport } from '../import-report.js';
import { withPreviousTable } from '../open-previous-table.js';
import { withSessions } from '../open-sessions.js';
import { printJson } from '../print-json.js';
import { Progress } from '../progress.js';
import { required } from '../required.js';
import { readSessionOptions } from '../settings.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';

/** The number of rows in one read. */
const PAGE = 500;

const NAMES = STORE_FORMATS.map(({ name }) => name);

export const importSessions = defineCommand({
  name: 'import',
  summary: 'copies the live sessions of another store, so that users stay logged in.',
  details: [
    `From ${NAMES.join(', ')}. Cookies stay valid if the app`,
    'keeps its cookie name and secret. Values, expiry and max age are kept. The option `userId` supplies',
    "the user ids. The other store's table is only read. A live session that exists here is never overwritten,",
    'so the command can be repeated after an abort. Run it before the app uses this library: it would restore',
    'sessions that were destroyed here. Rows without a valid session are counted and reported by a short hash.',
  ],
  options: {
    from: { type: 'string', value: '<package>', help: 'The other store. Required.' },
    'from-table': { type: 'string', value: '<name>', help: "Its table. Default: the package's own." },
    'from-schema': { type: 'string', value: '<name>', help: "The schema of its table. Default: the connection's own." },
    'from-config': { type: 'string', value: '<file>', help: 'The MikroORM configuration of its database. Default: that of the sessions.' },
    'user-key': { type: 'string', value: '<key>', help: 'The session key that holds the user id. Default: the option userId.' },
    'dry-run': { type: 'boolean', help: 'Write nothing. Print what would be imported.' },
    json: JSON_OPTION,
  },
  examples: [
    ['import --from connect-pg-simple --user-key userId', 'Imports the sessions of the table session.'],
    ['import --from connect-session-knex --from-table knex_sessions --dry-run', 'Prints what would be imported.'],
    ['import --from express-mysql-session --table smart_sessions', 'For two tables in one database, both called sessions.'],
  ],
  run: async (
    {
      from,
      'from-table': fromTable,
      'from-schema': schema,
      'from-config': config,
      'user-key': userKey,
      'dry-run': isDryRun = false,
      ...given
    },
    terminal,
  ) => {
    const format = storeOf(required('import', 'from', from));
    const place = { tableName: fromTable ?? format.tableName, schema };
    const userId = userKey ?? (await readSessionOptions(given)).userId;
    const overrides = userId === undefined ? {} : { userId: userId as SessionKey };
    await withSessions(
      given,
      ({ repository, codec, options, database }) => {
        if (userId === undefined) terminal.note('The user ids stay empty: neither `userId` in the options nor --user-key was given.');
        return withPreviousTable(format, place, config, database, async (table) => {
          const report = new ImportReport(terminal);
          await importAll(table, new SessionImporter(format, repository, codec, options), report, isDryRun, terminal);
          const what = `${format.name} from "${escaped(place.tableName)}" into "${escaped(options.tableName)}"`;
          if (given.json) printJson(terminal, report.result(isDryRun));
          else terminal.print(report.summary(what, isDryRun));
          report.check(isDryRun);
        });
      },
      overrides,
      (own) => {
        if (config === undefined && isSameTable(own, place)) throw bothOneTable(place.tableName);
      },
    );
  },
});

async function importAll(
  table: PreviousTable,
  importer: SessionImporter,
  report: ImportReport,
  isDryRun: boolean,
  terminal: Terminal,
): Promise<void> {
  const progress = new Progress(terminal, await table.count());
  try {
    for (let rows = await table.page('', PAGE); rows.length > 0; rows = await table.page(rows.at(-1)!.sessionId, PAGE)) {
      report.add(await importer.import(rows, isDryRun));
      progress.add(rows.length);
    }
  } finally {
    progress.end();
  }
}

function storeOf(name: string): StoreFormat {
  const found = STORE_FORMATS.find((store) => store.name === name);
  if (found) return found;
  throw new UsageError(`import: --from ${name} is unknown. Give one of ${NAMES.join(', ')}.`);
}

function isSameTable({ tableName, schema }: SmartSessionModuleOptions, other: PreviousTablePlace): boolean {
  return tableName === other.tableName && schema === other.schema;
}

function bothOneTable(name: string): UsageError {
  return new UsageError(
    `import: both stores use the table "${name}". Give another name for this library's table with --table or \`tableName\` in the options, and create it with create-table --run.`,
  );
}
