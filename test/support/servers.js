const env = process.env;
/** The settings of the usual environment variables, with the usual local defaults. */
export const POSTGRESQL = {
  host: env.PGHOST ?? '127.0.0.1',
  port: Number(env.PGPORT ?? 5432),
  user: env.PGUSER ?? 'postgres',
  password: env.PGPASSWORD ?? '',
  dbName: env.PGDATABASE ?? 'test',
};
export const MYSQL = {
  host: env.MYSQL_HOST ?? '127.0.0.1',
  port: Number(env.MYSQL_PORT ?? 3306),
  user: env.MYSQL_USER ?? 'root',
  password: env.MYSQL_PASSWORD ?? '',
  dbName: env.MYSQL_DATABASE ?? 'test',
};
/** MySQL's server unless these variables are set, because a MariaDB server can test both drivers. */
export const MARIADB = {
  host: env.MARIADB_HOST ?? MYSQL.host,
  port: Number(env.MARIADB_PORT ?? MYSQL.port),
  user: env.MARIADB_USER ?? MYSQL.user,
  password: env.MARIADB_PASSWORD ?? MYSQL.password,
  dbName: env.MARIADB_DATABASE ?? MYSQL.dbName,
};

/** The server of each database. */
export const SERVERS = { postgresql: POSTGRESQL, mysql: MYSQL, mariadb: MARIADB };
