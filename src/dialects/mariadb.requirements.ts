import type { Requirements } from './requirement.js';

/** The server must be MariaDB: MySQL has no `returning`. The driver of MySQL may be used on MariaDB. */
export const SERVER_REQUIREMENTS: Requirements = {
  sql: 'select version() as version',
  each: [
    {
      name: 'version',
      isMet: (value) => /mariadb/i.test(value),
      harm: "it refuses MariaDB's statements, and no session can be destroyed",
      advice: "Use the driver of @mikro-orm/mysql, and `dialect: 'mysql'`.",
    },
  ],
};
