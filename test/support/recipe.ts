import { Logger, type INestApplication } from '@nestjs/common';

/**
 * Starts a recipe by its own main.ts, on a database in memory.
 *
 * @param env more environment variables that it reads
 */
export async function startRecipe(main: () => Promise<{ app: INestApplication }>, env: Record<string, string> = {}): Promise<INestApplication> {
  Logger.overrideLogger(false);
  Object.assign(process.env, { PORT: '0', SQLITE_FILE: ':memory:', SESSION_SECRET: 'a secret of the tests alone', ...env });
  return (await main()).app;
}
