import { readJson } from '../express-session-json.js';
import type { StoreFormat } from '../store-format.js';

/** The format of https://github.com/gx0r/connect-session-knex. Its expiry is a date and time; on SQLite it is ISO 8601 text. */
export const connectSessionKnex: StoreFormat = {
  name: 'connect-session-knex',
  dialects: ['postgresql', 'mysql', 'mariadb', 'sqlite'],
  tableName: 'sessions',
  keyColumn: 'sid',
  dataColumn: 'sess',
  expiryColumn: 'expired',
  expiry: (dialect, column) => dialect.ofDateTime(column),
  read: readJson,
};
