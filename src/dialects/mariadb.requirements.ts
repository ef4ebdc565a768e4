import type { Requirements } from './requirement.js';

/** Requires MariaDB, because MySQL has no `returning`. MySQL's driver works on MariaDB too. */
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
