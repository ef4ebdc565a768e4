import { readJson } from '../express-session-json.js';
import type { StoreFormat } from '../store-format.js';

/** The format of https://github.com/chill117/express-mysql-session, as in its `schema.sql`. Its expiry is in seconds since 1970. */
export const expressMySqlSession: StoreFormat = {
  name: 'express-mysql-session',
  dialects: ['mysql', 'mariadb'],
  tableName: 'sessions',
  keyColumn: 'session_id',
  dataColumn: 'data',
  expiryColumn: 'expires',
  expiry: (dialect, column) => dialect.ofUnixTime(column),
  read: readJson,
};
