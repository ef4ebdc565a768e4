import type { Dialect } from './dialect.js';
import { mariadbDriver } from './drivers.js';
import { SERVER_REQUIREMENTS } from './mariadb.requirements.js';
import { mysql } from './mysql.dialect.js';

/** MariaDB: MySQL's statements unless it has better ones. The driver is mysql2 in MikroORM 7, and MariaDB's own connector in 6. */
export const mariadb: Dialect = {
  ...mysql,
  name: 'mariadb',
  drivers: [mariadbDriver],
  serverRequirements: SERVER_REQUIREMENTS,
  boundSilence: (ms) => ({ socketTimeout: ms }),
  returning: (column) => ` returning ${column}`,
};
