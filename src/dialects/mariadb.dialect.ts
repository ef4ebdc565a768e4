import type { Dialect } from './dialect.js';
import { mysql } from './mysql.dialect.js';

/** MariaDB: its own driver, and MySQL's statements where it knows no better. */
export const mariadb: Dialect = {
  ...mysql,
  name: 'mariadb',
  driverPackage: '@mikro-orm/mariadb',
  driver: 'MariaDbDriver',
  returning: (column) => ` returning ${column}`,
};
