import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { qualifiedName } from '../../dialects/qualified-name.js';
import type { Dialect } from '../../dialects/dialect.js';
import { leaseTableOf } from '../../dialects/table-layout.js';
import { UsageError } from '../usage-error.js';
import { classNameOf, type MigrationFormat, type MigrationLanguage, type MigrationPlan } from './migration-format.js';

/** Where and how a migration is written. */
export interface MigrationTarget {
  readonly folder: string;
  readonly format: MigrationFormat;
  readonly language: MigrationLanguage;
}

/**
 * Writes a migration that creates the tables. It creates a missing folder, and overwrites nothing.
 *
 * @returns the path of the file
 * @throws UsageError if there is such a migration already
 */
export async function writeMigration(
  { folder, format, language }: MigrationTarget,
  dialect: Dialect,
  tableName: string,
  schema: string | undefined,
): Promise<string> {
  const plan: MigrationPlan = {
    dialect: dialect.name,
    up: dialect.tableDefinition(tableName, schema),
    down: [leaseTableOf(tableName), tableName].map((table) => `drop table ${qualifiedName(dialect.quote, table, schema)}`),
    title: `create_${tableName.toLowerCase().replaceAll(/[^a-z\d]+/g, '_')}`,
    time: new Date(),
    language,
  };
  await mkdir(folder, { recursive: true });
  await refuseSecond(folder, plan);
  const file = await format.fileFor(plan, folder);
  const path = join(folder, file.name);
  await writeFile(path, file.text, { flag: 'wx' });
  await format.register?.(plan, folder, file);
  return path;
}

/** A second migration of another time would have another name, and would fail or do nothing. */
async function refuseSecond(folder: string, plan: MigrationPlan): Promise<void> {
  const endings = [`_${plan.title}`, `-${classNameOf(plan)}`];
  const found = (await readdir(folder)).find((name) => endings.some((ending) => name.replace(/\.\w+$/, '').endsWith(ending)));
  if (found !== undefined)
    throw new UsageError(`create-table: ${join(folder, found)} creates the table already. Delete it first if it has run nowhere.`);
}
