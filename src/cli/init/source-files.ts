import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Orm } from './orm.js';

/** Facts from the files of an app, beside its `package.json`. */
export interface SourceFiles {
  /** The folder of the sources, with a slash; empty if it is the app's own. */
  readonly sources: string;
  /** Whether `main.ts` creates a Fastify adapter. */
  readonly createsFastify: boolean;
  /** Whether `main.ts` mounts a session middleware. */
  readonly mountsSessions: boolean;
  /** Whether MikroORM's command line finds a configuration. */
  readonly hasMikroOrmConfig: boolean;
  /** Whether a source file names MikroOrmModule, so that the app has its own options of MikroORM. */
  readonly hasMikroOrmModule: boolean;
  /** The database in the schema of Prisma, or in the configuration of drizzle-kit. */
  readonly databaseInConfig: string | undefined;
  /** A folder that has migrations; undefined if none is found. */
  readonly migrations: string | undefined;
}

const MIKRO_ORM_CONFIGS = ['src/mikro-orm.config.ts', 'mikro-orm.config.ts', 'mikro-orm.config.js', 'src/mikro-orm.config.js'];
const MIGRATIONS = ['src/migrations', 'migrations', 'src/database/migrations', 'database/migrations', 'db/migrations'];

/** Looks at the files of an app. */
export function readSourceFiles(directory: string, orm: Orm | undefined): SourceFiles {
  const read = (path: string) => (existsSync(join(directory, path)) ? readFileSync(join(directory, path), 'utf8') : '');
  const sources = existsSync(join(directory, 'src')) ? 'src/' : '';
  const main = read(`${sources}main.ts`) || read(`${sources}main.js`);
  const drizzleConfig = orm?.name === 'Drizzle' ? read('drizzle.config.ts') || read('drizzle.config.js') : '';
  const prismaSchema = orm?.name === 'Prisma' ? read('prisma/schema.prisma') : '';
  return {
    sources,
    createsFastify: main.includes('FastifyAdapter'),
    mountsSessions: main.split('\n').some(importsSessions),
    hasMikroOrmConfig: MIKRO_ORM_CONFIGS.some((path) => existsSync(join(directory, path))),
    hasMikroOrmModule: sourcesIn(join(directory, sources)).some((path) => readFileSync(path, 'utf8').includes('MikroOrmModule')),
    databaseInConfig:
      firstIn(/datasource\s+\w+\s*\{[^}]*?provider\s*=\s*"(\w+)"/, prismaSchema) ?? firstIn(/\bdialect:\s*['"](\w+)['"]/, drizzleConfig),
    migrations: migrationsOf(orm, firstIn(/\bout:\s*['"]([^'"]+)['"]/, drizzleConfig)).find((folder) => hasFiles(join(directory, folder))),
  };
}

function migrationsOf(orm: Orm | undefined, ofDrizzle: string | undefined): readonly string[] {
  if (orm?.name === 'Prisma') return ['prisma/migrations'];
  if (orm?.name === 'Drizzle') return [ofDrizzle ?? 'drizzle'];
  return MIGRATIONS;
}

function importsSessions(line: string): boolean {
  return /['"](express-session|@fastify\/session)['"]/.test(line) && !line.trimStart().startsWith('import type');
}

function firstIn(pattern: RegExp, text: string): string | undefined {
  return pattern.exec(text)?.[1];
}

/** Returns the paths of the source files below a folder, without those of packages. */
function sourcesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourcesIn(path);
    return entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name) ? [path] : [];
  });
}

function hasFiles(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}
