import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** A change of one file, before it is written. */
export interface FileChange {
  /** The path, from the folder of the app. */
  readonly path: string;
  /** The text of the file now; undefined if there is none. */
  readonly before: string | undefined;
  readonly after: string;
  /** The mode of a new file. An existing file keeps its own. */
  readonly mode?: number;
  /** Whether the diff shows neither neighbouring lines nor values. */
  readonly isSecret?: boolean;
}

/** Returns the text of a file; undefined if there is none. */
export async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/**
 * Writes a change.
 *
 * @throws Error if the file has changed since it was read
 */
export async function applyChange(directory: string, { path, before, after, mode = 0o666 }: FileChange): Promise<void> {
  const target = resolve(directory, path);
  if ((await textOf(target)) !== before) throw new Error(`init: ${path} has changed since it was read. Run the command again.`);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, after, { flag: before === undefined ? 'wx' : 'w', mode });
}
