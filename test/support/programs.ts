import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The directories of programs. Debian keeps server programs outside the usual PATH. */
export const DIRECTORIES = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', ...versioned('/usr/lib/postgresql')];

/** Returns the path of a program, or undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  return DIRECTORIES.map((directory) => join(directory, name)).findLast((file) => existsSync(file));
}

function versioned(directory: string): string[] {
  return existsSync(directory)
    ? readdirSync(directory)
        .toSorted()
        .map((version) => join(directory, version, 'bin'))
    : [];
}
