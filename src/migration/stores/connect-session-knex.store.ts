import { readJson } from '../express-session-json.js';
import type { StoreFormat } from '../store-format.js';

/** https://github.com/gx0r/connect-session-knex. Its expiry is a date with a time, on SQLite as text of ISO 8601. */
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
