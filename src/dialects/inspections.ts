import type { DialectName } from '../shared/dialect-name.js';
import type { Inspection } from './inspection.js';
import { mariadbInspection, mysqlInspection } from './mysql.inspection.js';
import { postgresqlInspection } from './postgresql.inspection.js';
import { sqliteInspection } from './sqlite.inspection.js';

/** How each database is inspected. */
export const INSPECTIONS: Readonly<Record<DialectName, Inspection>> = {
  postgresql: postgresqlInspection,
  mysql: mysqlInspection,
  mariadb: mariadbInspection,
  sqlite: sqliteInspection,
};
