import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger, type INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DatabaseContext } from '../../src/index.js';

/**
 * Starts a recipe by its main.ts, on a database in memory.
 *
 * @param env more environment variables for it
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

/** The path of a new SQLite file, for a recipe that runs in two processes. */
export function newSqliteFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'recipe-')), 'sessions.sqlite');
}

/** Expects that MikroORM keeps the table. It drops tables without an entity, and a recipe is copied with its configuration. */
async function keepsItsTable(app: INestApplication): Promise<void> {
  // There is no table in an app before its migration.
  const found = [...app.get(ModulesContainer).values()].flatMap(({ providers }) => providers.get(DatabaseContext)?.instance ?? []);
  for (const context of found) await keepsTable(context as DatabaseContext);
}

async function keepsTable({ orm, tableName, warnings }: DatabaseContext): Promise<void> {
  expect(warnings).toEqual([]);
  if (!orm) return;
  const dropped = (await orm.schema.getUpdateSchemaSQL()).match(/drop table[^;]*/g) ?? [];
  expect(dropped.filter((statement) => statement.includes(tableName))).toEqual([]);
}
