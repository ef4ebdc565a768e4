import type { Requirement, Requirements } from './requirement.js';

/** The library has set it on this connection, so only the app can have changed it. */
const NOT_BY_APP = "Remove what sets it in the app, such as MikroORM's `onCreateConnection`.";

/** A key of the index has up to 1,020 bytes. With pages of 4 KB the limit is 768 bytes. */
const SMALLEST_PAGE = 8192;

/** The server expresses "no limit" as a number of 20 digits. */
const MANY_ROWS = 1e9;

const CHARACTER_SETS: readonly Requirement[] = ['character_set_client', 'character_set_connection', 'character_set_results'].map(
  (name) => ({
    name,
    isMet: (value) => value === 'utf8mb4',
    harm: 'texts are garbled, or lose characters',
    advice: "Leave `charset` out of the driver's options, and `set names` out of the server's `init_connect`.",
  }),
);

const SETTINGS: readonly Requirement[] = [
  {
    name: 'sql_mode',
    isMet: (value) => !value.includes('NO_BACKSLASH_ESCAPES'),
    harm: 'a text in a session can end its string and run as SQL: the driver escapes texts with backslashes',
    advice: NOT_BY_APP,
  },
  {
    name: 'autocommit',
    isMet: (value) => value === '1',
    harm: 'statements outside transactions are never committed',
    advice: NOT_BY_APP,
  },
  {
    name: 'completion_type',
    isMet: (value) => value === 'NO_CHAIN',
    harm: 'each commit begins another transaction, or ends its connection',
    advice: NOT_BY_APP,
  },
  {
    name: 'sql_select_limit',
    isMet: (value) => Number(value) >= MANY_ROWS,
    harm: 'only some sessions of a user are found and destroyed',
    advice: NOT_BY_APP,
  },
  ...CHARACTER_SETS,
];

/**
 * Sets what the server, its user, `init_connect` or the app may have changed. In ORACLE mode, `begin` starts a block of
 * statements, and MikroORM starts its transactions with `begin`.
 */
export const CONNECTION_SETTINGS =
  "set session sql_mode = replace(replace(@@session.sql_mode, 'NO_BACKSLASH_ESCAPES', ''), 'ORACLE', ''), autocommit = 1, completion_type = NO_CHAIN, sql_select_limit = default, " +
  'sql_safe_updates = 0';

/** The settings that each connection must have. */
export const CONNECTION_REQUIREMENTS: Requirements = {
  sql: `select database() as current_database, ${SETTINGS.map(({ name }) => `@@${name} as ${name}`).join(', ')}`,
  each: SETTINGS,
};

/** The properties that the server must have to create the table. */
export const CREATION_REQUIREMENTS: Requirements = {
  sql: 'select @@innodb_page_size as innodb_page_size',
  each: [
    {
      name: 'innodb_page_size',
      isMet: (value) => Number(value) >= SMALLEST_PAGE,
      harm: 'the index of user ids does not fit in it, and the table cannot be created',
      advice: 'Use a server with pages of at least 8 KB.',
    },
  ],
};

const textColumn = (column: string, table: string): Requirement => ({
  name: `character_set_of_${column}`,
  isMet: (value) => value === 'utf8mb4',
  harm: 'characters outside it are refused or lost',
  advice: `Convert the table: alter table ${table} convert to character set utf8mb4, modify session_id varchar(255) character set ascii collate ascii_bin not null.`,
});

const characterSetOf = (column: string) =>
  `(select character_set_name from information_schema.columns where table_schema = found.table_schema and table_name = found.table_name and column_name = '${column}') ` +
  `as character_set_of_${column}`;

/**
 * Returns the properties that a table must have. The parameters are the schema (null for the connection's own) and the table.
 *
 * @param table its name in a statement
 */
export const tableRequirements = (table: string): Requirements => ({
  sql:
    `select engine as engine, ${['data', 'user_id'].map(characterSetOf).join(', ')} ` +
    'from information_schema.tables as found where table_schema = coalesce(?, database()) and table_name = ?',
  each: [
    {
      name: 'engine',
      isMet: (value) => value.toLowerCase() === 'innodb',
      harm: 'no row is locked, and nothing is rolled back',
      advice: `Convert the table: alter table ${table} engine = InnoDB.`,
    },
    textColumn('data', table),
    textColumn('user_id', table),
  ],
});
