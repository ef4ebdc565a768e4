const { env } = process;
/** A database of its own, which each run drops first. */
const database = 'session_race_stores';

const MYSQL = {
  host: env.MYSQL_HOST ?? '127.0.0.1',
  port: Number(env.MYSQL_PORT ?? 3306),
  user: env.MYSQL_USER ?? 'root',
  password: env.MYSQL_PASSWORD ?? '',
  database,
};

/** The database servers, by the environment variables that the tests of the repository use. */
export const ADDRESSES = {
  postgresql: {
    host: env.PGHOST ?? '127.0.0.1',
    port: Number(env.PGPORT ?? 5432),
    user: env.PGUSER ?? 'postgres',
    password: env.PGPASSWORD ?? '',
    database,
  },
  mysql: MYSQL,
  mariadb: {
    host: env.MARIADB_HOST ?? MYSQL.host,
    port: Number(env.MARIADB_PORT ?? MYSQL.port),
    user: env.MARIADB_USER ?? MYSQL.user,
    password: env.MARIADB_PASSWORD ?? MYSQL.password,
    database,
  },
};
