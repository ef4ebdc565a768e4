import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DialectName } from '../../shared/dialect-name.js';
import { dialectsOf } from './dialects-of-app.js';
import { ormsOf, type Orm } from './orm.js';
import { readPackages, type Packages } from './packages.js';
import { readSourceFiles, type SourceFiles } from './source-files.js';

/** A Nest app, as its files describe it. */
export interface App {
  readonly directory: string;
  readonly packages: Packages;
  readonly files: SourceFiles;
  /** The database library that sessions use. */
  readonly orm: Orm | undefined;
  readonly otherOrms: readonly Orm[];
  /** The dialects that its database can have. */
  readonly dialects: readonly DialectName[];
  readonly platform: 'Express' | 'Fastify';
  /** The packages that keep or mount sessions now. */
  readonly previous: readonly string[];
  /** The command that adds packages. */
  readonly install: string;
}

/** express-session is not here: this package needs it. */
const PREVIOUS = [
  'connect-pg-simple',
  'express-mysql-session',
  'connect-session-knex',
  'better-sqlite3-session-store',
  'connect-redis',
  'connect-mongo',
  'connect-typeorm',
  'connect-session-sequelize',
  '@quixo3/prisma-session-store',
  'memorystore',
  'session-file-store',
  'cookie-session',
  '@fastify/session',
  '@fastify/secure-session',
];

/**
 * Looks at the app in a folder.
 *
 * @throws UsageError if there is no Nest app
 */
export async function readApp(directory: string): Promise<App> {
  const packages = await readPackages(directory);
  const [orm, ...otherOrms] = ormsOf(packages);
  const files = readSourceFiles(directory, orm);
  const stores = PREVIOUS.filter(packages.has);
  return {
    directory,
    packages,
    files,
    orm,
    otherOrms,
    dialects: dialectsOf(packages, orm, files),
    platform: isFastify(packages, files) ? 'Fastify' : 'Express',
    previous: stores.length === 0 && files.mountsSessions ? ['express-session'] : stores,
    install: installerOf(directory),
  };
}

function isFastify({ has }: Packages, { createsFastify }: SourceFiles): boolean {
  return has('@nestjs/platform-fastify') && (createsFastify || !has('@nestjs/platform-express'));
}

function installerOf(directory: string): string {
  const has = (name: string) => existsSync(join(directory, name));
  if (has('pnpm-lock.yaml')) return 'pnpm add';
  if (has('yarn.lock')) return 'yarn add';
  return has('bun.lock') || has('bun.lockb') ? 'bun add' : 'npm install';
}
