import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder of the repository on this machine. VitePress starts in the folder `site`. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** The address of the repository, without a slash at its end. */
export const REPOSITORY = readRepository();

/** The beginning of the address of a picture in the repository. */
export const PICTURES = `${REPOSITORY.replace('//github.com/', '//raw.githubusercontent.com/')}/main/`;

/** Returns the text of a file of the repository. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Returns the folders of the repository. */
export function topFolders(): string[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** Returns the address of a file or folder in the repository, or undefined if there is no such file. */
export function repositoryUrl(path: string): string | undefined {
  const place = join(ROOT, path);
  if (!existsSync(place)) return undefined;
  return `${REPOSITORY}/${statSync(place).isDirectory() ? 'tree' : 'blob'}/main/${path}`;
}

function readRepository(): string {
  const { repository } = JSON.parse(readText('package.json')) as { repository: { url: string } };
  return repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
}
