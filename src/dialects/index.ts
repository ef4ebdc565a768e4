import type { Dialect } from './dialect.js';
import type { DialectName } from '../shared/dialect-name.js';
import { mariadb } from './mariadb.dialect.js';
import { mysql } from './mysql.dialect.js';
import { postgresql } from './postgresql.dialect.js';
import { sqlite } from './sqlite.dialect.js';

/** Every dialect, by name. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { postgresql, mysql, mariadb, sqlite };
