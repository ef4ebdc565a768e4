import type { Dialect } from './dialect.js';
import { mysql } from './mysql.dialect.js';

/** MariaDB: its own driver, MySQL's statements. */
export const mariadb: Dialect = {
  ...mysql,
  name: 'mariadb',
  driverPackage: '@mikro-orm/mariadb',
  driver: 'MariaDbDriver',
};
