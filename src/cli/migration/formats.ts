import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../usage-error.js';
import { drizzleFormat } from './drizzle.format.js';
import { knexFormat } from './knex.format.js';
import type { MigrationFormat, MigrationLanguage } from './migration-format.js';
import { mikroOrmFormat } from './mikro-orm.format.js';
import { prismaFormat } from './prisma.format.js';
import { sqlFormat } from './sql.format.js';
import { typeormFormat } from './typeorm.format.js';

/** All formats. An app with several tools gets the first. */
const FORMATS: readonly MigrationFormat[] = [mikroOrmFormat, typeormFormat, knexFormat, drizzleFormat, prismaFormat, sqlFormat];

/** The names of the formats. */
export const FORMAT_NAMES: readonly string[] = FORMATS.map(({ name }) => name);

/** The used part of a `package.json`. */
interface Manifest {
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * Returns the format for --format, or the format of the app's tool.
 *
 * @param directory the folder of the app's package.json
 * @throws UsageError for an unknown name
 */
export async function formatFor(given: string | undefined, directory = '.'): Promise<MigrationFormat> {
  if (given === undefined) return detectFormat(await manifestIn(directory));
  const found = FORMATS.find(({ name }) => name === given);
  if (found) return found;
  throw new UsageError(`create-table: --format ${given} is unknown. Give one of ${FORMAT_NAMES.join(', ')}.`);
}

/**
 * Returns the language of the app's files.
 *
 * @param directory the folder of the app's package.json
 */
export async function languageOfApp(directory = '.'): Promise<MigrationLanguage> {
  if (existsSync(join(directory, 'tsconfig.json'))) return 'typescript';
  return (await manifestIn(directory)).type === 'module' ? 'es-module' : 'commonjs';
}

/** An app of another tool may have packages of MikroORM for its sessions alone. So `@mikro-orm/core` or a driver does not decide first. */
function detectFormat({ dependencies, devDependencies }: Manifest): MigrationFormat {
  const packages = Object.keys({ ...dependencies, ...devDependencies });
  const byTool = FORMATS.find((format) => packages.some((name) => format.isUsedWith(name)));
  return byTool ?? (packages.some((name) => name.startsWith('@mikro-orm/')) ? mikroOrmFormat : sqlFormat);
}

async function manifestIn(directory: string): Promise<Manifest> {
  const path = join(directory, 'package.json');
  return existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as Manifest) : {};
}
