import { qualifiedName } from '../dialects/qualified-name.js';
import type { DatabaseContext } from '../persistence/database-context.js';
import { isLive } from '../persistence/expiry.js';
import { deviceRowColumns, deviceRowOf, type DeviceRow } from '../persistence/user-rows.js';

/** Returns the newest live sessions of all users, newest first. The statement reads the whole table. */
export async function newestSessions(context: DatabaseContext, limit: number): Promise<DeviceRow[]> {
  const { dialect, tableName, schema, runner } = context;
  const { rows } = await runner.run(
    `select ${deviceRowColumns(context)} from ${qualifiedName(dialect.quote, tableName, schema)} ` +
      `where ${isLive(context)} order by created_at desc, session_id limit ${limit}`,
  );
  return rows.map(deviceRowOf);
}
