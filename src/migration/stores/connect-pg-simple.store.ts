import { readJson } from '../express-session-json.js';
import type { StoreFormat } from '../store-format.js';

/** The format of https://github.com/voxpelli/node-connect-pg-simple, as in its `table.sql`. */
export const connectPgSimple: StoreFormat = {
  name: 'connect-pg-simple',
  dialects: ['postgresql'],
  tableName: 'session',
  keyColumn: 'sid',
  dataColumn: 'sess',
  expiryColumn: 'expire',
  // The column has no time zone, so both stores must use the same one.
  expiry: (dialect, column) => dialect.ofDateTime(column),
  read: readJson,
};
