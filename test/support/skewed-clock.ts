import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARY = readdirSync('/usr/lib')
  .map((directory) => join('/usr/lib', directory, 'faketime/libfaketime.so.1'))
  .find((file) => existsSync(file));

/** Whether a process can have another clock. */
export const HAS_FAKETIME = LIBRARY !== undefined;

/** Returns the first words of a command that runs a program with a shifted clock. Its time passes at the usual speed. */
export function withClock(offset: string): string[] {
  return ['env', `LD_PRELOAD=${LIBRARY}`, `FAKETIME=${offset}`, 'DONT_FAKE_MONOTONIC=1'];
}
