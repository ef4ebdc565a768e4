import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('../..', import.meta.url).pathname;

/** The paths of the files that may be read. No other path is looked up on the disk. */
const PATHS: ReadonlySet<string> = new Set(
  globSync(['README.md', 'docs/**/*.md', 'sample-app/src/**/*.ts'], { cwd: ROOT }).map((path) => `/${path.replaceAll('\\', '/')}`),
);

/** Returns a page of the documentation or a source file of this app. Returns undefined for any other path. */
export function readRepositoryFile(path: string): string | undefined {
  return PATHS.has(path) ? readFileSync(join(ROOT, path), 'utf8') : undefined;
}
