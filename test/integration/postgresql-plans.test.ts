import { wantedParameters } from '../../src/dialects/postgresql.wanted-rows.js';
import { SEEN_CHANGES, WANTED_CHANGES, buildStatements } from '../../src/persistence/session-statements.js';
import { DATABASES } from '../support/databases.js';
import { SessionsDatabase } from '../support/sessions-database.js';

/** PostgreSQL expects 100 rows of a function. For so many, it scans a table of a few hundred rows, and looks at each of them. */
describe.runIf(DATABASES.includes('postgresql'))('the plans of batched updates on postgresql, in a table of 300 rows', () => {
  let database: SessionsDatabase;

  beforeAll(async () => {
    database = await SessionsDatabase.open('postgresql', 'plans');
    await database.run(
      `insert into {table} (session_id, data, created_at, updated_at, expires_at)
       select 'key' || n, repeat('x', 1000), now(), now(), now() + interval '1 hour' from generate_series(1, 300) n`,
    );
    await database.run('analyze {table}');
  });
  afterAll(() => database.close());

  it.each([
    ['updateMany', WANTED_CHANGES],
    ['updateSeenMany', SEEN_CHANGES],
  ] as const)('%s finds its rows by the primary key', async (name, columns) => {
    const rows = Array.from({ length: 3 }, () => columns.map(() => null));
    const statement = buildStatements(database.context)[name](rows.length);
    const { rows: steps } = await database.context.runner.run(`explain ${statement}`, wantedParameters(columns, rows));
    const plan = steps.map((step) => String(step['QUERY PLAN'])).join('\n');
    expect(plan).toMatch(/Index Cond: \(\(session_id\)::text = wanted_\d\.wanted_key\)/);
    expect(plan).not.toContain('Seq Scan');
  });
});
