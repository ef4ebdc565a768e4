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
