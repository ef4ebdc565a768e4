import { redacted } from '../../src/shared/redaction.js';

const SECRET = "o'canary - canary\nsql: canary";

/** What the drivers and MikroORM 6 make of an error: message, and the server's own words where the driver keeps them apart. */
const ERRORS: Record<string, [message: string, sqlMessage: string | undefined, left: string]> = {
  'PostgreSQL, by knex': [
    `update "sessions" set "data" = '${SECRET}' where "session_id" = 'canary' - value too long for type character varying(36)`,
    undefined,
    'value too long for type character varying(36)',
  ],
  'PostgreSQL, by knex, with the row': [
    `insert into "sessions" values ('${SECRET}') - null value in column "data"\n - detail: Failing row contains (canary).`,
    undefined,
    'null value in column "data"',
  ],
  'SQLite, by knex': [
    `insert into \`sessions\` (\`data\`) values ('${SECRET}') - SQLITE_CONSTRAINT: refused`,
    undefined,
    'SQLITE_CONSTRAINT: refused',
  ],
  'mysql2, by knex': [
    `update \`sessions\` set \`data\` = '${SECRET}' - Duplicate entry 'canary' for key 'PRIMARY'`,
    "Duplicate entry 'canary' for key 'PRIMARY'",
    "Duplicate entry '…' for key 'PRIMARY'",
  ],
  "MariaDB's connector": [
    `(conn:5, no: 1205, SQLState: HY000) Lock wait timeout exceeded\nsql: update sessions set data = ? - parameters:['${SECRET}']`,
    'Lock wait timeout exceeded',
    'Lock wait timeout exceeded',
  ],
  'PostgreSQL, its own words': [
    'insert or update on table "sessions" violates a constraint',
    undefined,
    'insert or update on table "sessions" violates a constraint',
  ],
};

describe('a redacted error', () => {
  it.each(Object.entries(ERRORS))('of %s has no value in it', (_name, [message, sqlMessage, left]) => {
    const error = Object.assign(new Error(message), { sqlMessage, sql: message });
    const copy = redacted(error) as Error;
    expect(copy.message).toBe(left);
    expect(copy.stack).not.toContain('canary');
    expect(Object.values(copy)).not.toContain(message);
  });
});
