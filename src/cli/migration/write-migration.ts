import { statSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { qualifiedName } from '../../dialects/qualified-name.js';
import type { Dialect } from '../../dialects/dialect.js';
import { leaseTableOf } from '../../dialects/table-layout.js';
import { UsageError } from '../usage-error.js';
import { classNameOf, type MigrationFile, type MigrationFormat, type MigrationLanguage, type MigrationPlan } from './migration-format.js';

/** Where and how a migration is written. */
export interface MigrationTarget {
  readonly folder: string;
  readonly format: MigrationFormat;
  readonly language: MigrationLanguage;
}

/** A migration before it is written. */
export interface PlannedMigration {
  /** The path of an earlier migration that creates the table; undefined if there is none. */
  readonly existing: string | undefined;
  readonly file: PlannedFile;
  /** The list of the tool, which exists already or not. Undefined if the tool has none. */
  readonly listing: PlannedFile | undefined;
}

/** A file before it is written. */
export interface PlannedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Writes a migration that creates the tables. It creates a missing folder, and overwrites nothing.
 *
 * @returns the path of the file
 * @throws UsageError if there is such a migration already
 */
export async function writeMigration(
  target: MigrationTarget,
  dialect: Dialect,
  tableName: string,
  schema: string | undefined,
): Promise<string> {
  const { existing, file, listing } = await planMigration(target, dialect, tableName, schema);
  // A second migration of another time would have another name, and would fail or do nothing.
  if (existing !== undefined)
    throw new UsageError(`create-table: ${existing} creates the table already. Delete it first if it has run nowhere.`);
  await writeInto(file, 'wx');
  if (listing) await writeInto(listing, 'w');
  return file.path;
}

/**
 * Makes a migration that creates the tables, and writes nothing.
 *
 * @throws UsageError if the folder is a file, or below a file
 */
export async function planMigration(
  { folder, format, language }: MigrationTarget,
  dialect: Dialect,
  tableName: string,
  schema: string | undefined,
): Promise<PlannedMigration> {
  refuseFile(folder);
  const plan: MigrationPlan = {
    dialect: dialect.name,
    up: dialect.tableDefinition(tableName, schema),
    down: [leaseTableOf(tableName), tableName].map((table) => `drop table ${qualifiedName(dialect.quote, table, schema)}`),
    title: `create_${tableName.toLowerCase().replaceAll(/[^a-z\d]+/g, '_')}`,
    time: new Date(),
    language,
  };
  const file = await format.fileFor(plan, folder);
  const listing = await format.listingFor?.(plan, folder, file);
  const inFolder = ({ name, text }: MigrationFile): PlannedFile => ({ path: join(folder, name), text });
  return { existing: await earlierMigration(folder, plan), file: inFolder(file), listing: listing && inFolder(listing) };
}

/** A folder that does not exist is created, so that the nearest existing one above it decides. */
function refuseFile(folder: string, path = folder): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found && dirname(path) !== path) return refuseFile(folder, dirname(path));
  if (!found || found.isDirectory()) return;
  throw new UsageError(`--migration: "${folder}" was given, but ${path} is a file. Give a folder.`);
}

async function earlierMigration(folder: string, plan: MigrationPlan): Promise<string | undefined> {
  const endings = [`_${plan.title}`, `-${classNameOf(plan)}`];
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found = names.find((name) => endings.some((ending) => name.replace(/\.\w+$/, '').endsWith(ending)));
  return found === undefined ? undefined : join(folder, found);
}

async function writeInto({ path, text }: PlannedFile, flag: 'w' | 'wx'): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag });
}
