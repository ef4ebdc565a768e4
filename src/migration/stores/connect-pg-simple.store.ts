import { readJson } from '../express-session-json.js';
import type { StoreFormat } from '../store-format.js';

/** https://github.com/voxpelli/node-connect-pg-simple, as its `table.sql` has it. */
export const connectPgSimple: StoreFormat = {
  name: 'connect-pg-simple',
  dialects: ['postgresql'],
  tableName: 'session',
  keyColumn: 'sid',
  dataColumn: 'sess',
  expiryColumn: 'expire',
  // Without a time zone: both stores must be in the same one, as all processes of that store had to be.
  expiry: (dialect, column) => dialect.ofDateTime(column),
  read: readJson,
};
