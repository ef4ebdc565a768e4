import { EntityManagerSessionRepository } from '../../src/persistence/entity-manager-session.repository.js';
import { buildStatements, type SessionStatements } from '../../src/persistence/session-statements.js';
import { SessionsDatabase } from '../support/sessions-database.js';

const HOUR = 3_600_000;

/** How SQLite looks for rows, by statistics of when there were so few: they stay until somebody calls `analyze` again. */
describe.each([1, 5, 20, 1000])('the plans of statements on sqlite, by statistics of %d rows', (rows) => {
  let database: SessionsDatabase;
  let statements: SessionStatements;
  const log: string[] = [];

  beforeAll(async () => {
    database = await SessionsDatabase.open('sqlite', 'plans', {
      debug: ['query'],
      colors: false,
      logger: (line: string) => log.push(line),
    });
    statements = buildStatements(database.context);
    const { dialect } = database.context;
    await database.run(
      'insert into {table} (session_id, data, created_at, updated_at, expires_at) with recursive counter (n) as (select 1 union all select n + 1 from counter where n < ?) ' +
        `select 'key' || n, '{}', ${dialect.now}, ${dialect.now}, ${dialect.fromNow(`${HOUR} + n * 1000`)} from counter`,
      [rows],
    );
    await database.run('analyze');
  });
  afterAll(() => database.close());

  async function planOf(statement: string): Promise<string> {
    const parameters = Array(statement.split('?').length - 1).fill(null);
    const steps = await database.run(`explain query plan ${statement}`, parameters);
    return steps.map(({ detail }) => String(detail)).join(', ');
  }

  const BY_KEY = [
    'load',
    'loadLocked',
    'update',
    'updateLeased',
    'updateUnderLock',
    'touch',
    'lease',
    'extend',
    'release',
    'destroy',
    'destroyCommitted',
    'removeExpired',
  ] as const;
  const BY_LISTED_KEYS = ['loadMany', 'touchMany', 'removeAll', 'destroyMany'] as const;
  // A join with its keys: where SQLite believes that there are no more than three rows, nothing keeps it from going through them.
  const BY_KEYS = rows > 3 ? ([...BY_LISTED_KEYS, 'updateMany'] as const) : BY_LISTED_KEYS;

  it.each(BY_KEY)('%s finds its row by the primary key', async (name) => {
    expect(await planOf(statements[name])).toMatch(/SEARCH plans USING INDEX sqlite_autoindex_plans_1 \(session_id=\?\)$/);
  });

  it.each(BY_KEYS)('%s finds its rows by the primary key, few or many', async (name) => {
    for (const count of [1, 2, 16, 64, 100, 1000]) {
      expect(await planOf(statements[name](count))).toMatch(/SEARCH plans USING INDEX sqlite_autoindex_plans_1 \(session_id=\?\)$/);
    }
  });

  it('the entity manager finds the rows to load by the primary key', async () => {
    await new EntityManagerSessionRepository(database.context).loadMany(Array.from({ length: 100 }, (_, n) => `key${n}`));
    const statement = log.flatMap((line) => /\[query\] (select .*) \[took/.exec(line)?.[1] ?? []).findLast((sql) => sql.includes('`data`'));
    expect(await planOf(statement!)).toMatch(/SEARCH s0 USING INDEX sqlite_autoindex_plans_1 \(session_id=\?\)$/);
  });

  it('finds expired rows by their expiry', async () => {
    expect(await planOf(statements.findExpired)).toBe('SEARCH plans USING INDEX plans_expires_at_index (expires_at<?)');
  });
});

describe('the hint at keys, on sqlite', () => {
  let database: SessionsDatabase;

  beforeAll(async () => {
    database = await SessionsDatabase.open('sqlite', 'hinted');
  });
  afterAll(() => database.close());

  it.each([
    ['the primary key', '(session_id text primary key, data text)', ' indexed by "sqlite_autoindex_hinted_1"'],
    ['the primary key, after another', '(data text unique, session_id text primary key)', ' indexed by "sqlite_autoindex_hinted_2"'],
    ['a unique key', '(id integer primary key, session_id text unique)', ' indexed by "sqlite_autoindex_hinted_1"'],
    ['no index', '(session_id text, data text)', ''],
    ['a key that another column is part of', '(tenant text, session_id text, primary key (tenant, session_id))', ''],
  ])('is for %s', async (_name, columns, hint) => {
    const { dialect, runner, tableName } = database.context;
    await database.drop();
    await database.run(`create table {table} ${columns}`);
    expect(await dialect.keyHint!(runner.run, tableName, undefined)).toBe(hint);
    expect(await database.run(`select 1 from {table}${hint} where session_id in ('a', 'b')`)).toEqual([]);
  });
});
