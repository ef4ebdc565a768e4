import { Logger } from '@nestjs/common';
import pg from 'pg';
import { SmartSessionOptions, SqlSessionRepository } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { CLIENT_CASES } from '../support/app-clients.js';
import { dropTables } from '../support/drop-tables.js';
import { tourSessions } from '../support/sessions-tour.js';

type Settings = Readonly<Record<string, object>>;

const MYSQL2: Settings = {
  'rows as arrays': { rowsAsArray: true },
  'rows by tables': { nestTables: true },
  'rows with names of tables': { nestTables: '_' },
  'no type casts': { typeCast: false },
  'type casts of the app': { typeCast: () => 'cast' },
  'big numbers as texts': { supportBigNumbers: true, bigNumberStrings: true, decimalNumbers: false },
  'decimals as numbers': { decimalNumbers: true },
  'dates as texts, in a time zone': { dateStrings: true, timezone: '+05:30' },
  'named placeholders': { namedPlaceholders: true },
  'several statements, and objects as texts': { multipleStatements: true, stringifyObjects: true },
  'affected rows are changed rows': { flags: ['-FOUND_ROWS'] },
  'one connection': { connectionLimit: 1 },
};

/** Settings that an app may have for its own statements, by the kind of its client. */
const SETTINGS: Readonly<Record<string, Settings>> = {
  'pg.Pool': {
    'all types as texts': { types: { getTypeParser: () => String } },
    'whole numbers as bigint': { types: { getTypeParser: (oid: number) => (oid === 20 ? BigInt : pg.types.getTypeParser(oid)) } },
    'one connection, used once': { max: 1, maxUses: 1 },
    'settings of the connection': { options: '-c DateStyle=German -c TimeZone=Asia/Kolkata -c extra_float_digits=-15' },
    'dates as UTC': { parseInputDatesAsUTC: true },
    'a hook for new connections': { onConnect: (client: pg.Client) => client.query("set application_name = 'shop'") },
  },
  'a pool of mysql2': MYSQL2,
  'a pool of mysql2/promise': { 'rows as arrays': { rowsAsArray: true } },
  knex: {
    'rows and names of the app': { postProcessResponse: () => [], wrapIdentifier: (name: string) => `app_${name}` },
    'one connection': { pool: { min: 0, max: 1 } },
  },
};

const CASES = CLIENT_CASES.flatMap(({ kind, dialect, open }) =>
  Object.entries(SETTINGS[kind] ?? {}).map(([setting, settings]) => ({ kind, dialect, setting, open: () => open(settings) })),
);

describe.each(CASES)('$kind, $dialect, with $setting', ({ dialect, open }) => {
  beforeAll(() => Logger.overrideLogger(false));

  it('keeps sessions', async () => {
    const { client, close } = open();
    try {
      const options = new SmartSessionOptions({ secret: 'test', tableName: 'client_settings', createTable: true, dialect, client });
      const context = await openDatabase(options, undefined);
      try {
        await tourSessions(context, new SqlSessionRepository(context));
      } finally {
        await dropTables(dialect, context.runner.run, 'client_settings');
        await context.close();
      }
    } finally {
      await close();
    }
  });
});
