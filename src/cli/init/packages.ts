import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../usage-error.js';

/** The content of an app's `package.json`, as far as it matters here. */
export interface Packages {
  /** The installed version of a package, or else its range; undefined if the app does not list it. */
  rangeOf(name: string): string | undefined;
  has(name: string): boolean;
  readonly isEsModule: boolean;
  /** Whether the section `mikro-orm` names MikroORM's configuration. */
  readonly namesMikroOrmConfig: boolean;
}

interface Manifest {
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly 'mikro-orm'?: { readonly configPaths?: unknown };
}

/**
 * Reads the `package.json` of a Nest app.
 *
 * @throws UsageError if there is none, or if it is of another program
 */
export async function readPackages(directory: string): Promise<Packages> {
  const path = join(directory, 'package.json');
  if (!existsSync(path)) throw new UsageError('init: there is no package.json here. Run the command in the folder of the Nest app.');
  const manifest = parse(await readFile(path, 'utf8'));
  const ranges = { ...manifest.devDependencies, ...manifest.dependencies };
  const has = (name: string) => Object.hasOwn(ranges, name);
  if (!has('@nestjs/core'))
    throw new UsageError('init: package.json does not list @nestjs/core. Run the command in the folder of the Nest app.');
  return {
    rangeOf: (name) => (has(name) ? (installedVersion(directory, name) ?? ranges[name]) : undefined),
    has,
    isEsModule: manifest.type === 'module',
    namesMikroOrmConfig: manifest['mikro-orm']?.configPaths !== undefined,
  };
}

/** A range could give a newer version than the packages that must have the same. */
function installedVersion(directory: string, name: string): string | undefined {
  const path = join(directory, 'node_modules', name, 'package.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { version?: string }).version : undefined;
}

function parse(text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    throw new UsageError(`init: package.json is not JSON: ${(error as Error).message}. Correct it first.`);
  }
}
