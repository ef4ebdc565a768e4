import { CONNECTING_ERRORS, POOL_ERRORS, SOCKET_ERRORS } from '../../src/dialects/connection.errors.js';
import { MARIADB_CONNECTOR_ERRORS, MYSQL2_ERRORS, MYSQL2_TEXTS, SERVER_CLASSES, SERVER_ERRORS } from '../../src/dialects/mysql.errors.js';
import { PG_ERRORS, POOLER_ERRORS, SQLSTATES, SQLSTATE_CLASSES } from '../../src/dialects/postgresql.errors.js';
import { BETTER_SQLITE_ERRORS, SQLITE_CODES } from '../../src/dialects/sqlite.errors.js';
import type { KnownError, KnownText } from '../../src/dialects/known-errors.js';
import { readPage } from '../support/markdown.js';

/** The tables of the page, by the heading that they stand under. */
const TABLES: Readonly<Record<string, readonly (KnownError | KnownText)[]>> = {
  'PostgreSQL: SQLSTATEs': SQLSTATES,
  'PostgreSQL: classes of SQLSTATEs': SQLSTATE_CLASSES,
  'PostgreSQL: 08P01 of PgBouncer': POOLER_ERRORS,
  'PostgreSQL: errors of pg': PG_ERRORS,
  'MySQL and MariaDB: numbers': SERVER_ERRORS,
  'MySQL and MariaDB: classes of SQLSTATEs': SERVER_CLASSES,
  'MySQL and MariaDB: codes of mysql2': MYSQL2_ERRORS,
  'MySQL and MariaDB: errors of mysql2 without a code': MYSQL2_TEXTS,
  "MariaDB's connector": MARIADB_CONNECTOR_ERRORS,
  'SQLite: result codes': SQLITE_CODES,
  'SQLite: errors of better-sqlite3': BETTER_SQLITE_ERRORS,
  'While a connection is opened': CONNECTING_ERRORS,
  'On an open connection': SOCKET_ERRORS,
  "MikroORM's pools": POOL_ERRORS,
};

const sections = new Map(
  readPage('docs/driver-errors.md')
    .text.split(/^### /m)
    .map((section) => [section.split('\n')[0]!, section]),
);

const rowsOf = (section: string) => [...section.matchAll(/^\| .* \|$/gm)].map(([row]) => row).slice(2);

const rowOf = ([code, ...cells]: KnownError | KnownText) => `| \`${code}\` | ${cells.join(' | ')} |`;

describe('docs/driver-errors.md', () => {
  it.each(Object.entries(TABLES))('%s has the rows of the code', (heading, errors) => {
    expect(rowsOf(sections.get(heading) ?? '')).toEqual(errors.map(rowOf));
  });

  it('has no other tables', () => {
    const headings = [...sections].filter(([, section]) => rowsOf(section).length > 0).map(([heading]) => heading);
    expect(headings.slice(1).toSorted()).toEqual(Object.keys(TABLES).toSorted());
  });
});
