import { Logger, type INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DatabaseContext } from '../../src/index.js';

/**
 * Starts a recipe by its own main.ts, on a database in memory.
 *
 * @param env more environment variables that it reads
 */
export async function startRecipe(
  main: () => Promise<{ app: INestApplication }>,
  env: Record<string, string> = {},
): Promise<INestApplication> {
  Logger.overrideLogger(false);
  Object.assign(process.env, { PORT: '0', SQLITE_FILE: ':memory:', SESSION_SECRET: 'a secret of the tests alone', ...env });
  const { app } = await main();
  await keepsItsTable(app);
  return app;
}

/** MikroORM drops what it has no entity for: a recipe is to be copied with its configuration. */
async function keepsItsTable(app: INestApplication): Promise<void> {
  // An app before its migration has none.
  const found = [...app.get(ModulesContainer).values()].flatMap(({ providers }) => providers.get(DatabaseContext)?.instance ?? []);
  for (const context of found) await keepsTable(context as DatabaseContext);
}

async function keepsTable({ orm, tableName, warnings }: DatabaseContext): Promise<void> {
  expect(warnings).toEqual([]);
  const dropped = (await orm.schema.getUpdateSchemaSQL()).match(/drop table[^;]*/g) ?? [];
  expect(dropped.filter((statement) => statement.includes(tableName))).toEqual([]);
}
