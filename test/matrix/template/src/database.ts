/** Where the runner says that the database is. */
export const database = JSON.parse(process.env.TEMPLATE_DATABASE ?? '{}') as {
  host: string;
  port: number;
  user: string;
  password?: string;
  dbName: string;
};
