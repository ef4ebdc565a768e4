import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARY = readdirSync('/usr/lib')
  .map((directory) => join('/usr/lib', directory, 'faketime/libfaketime.so.1'))
  .find((file) => existsSync(file));

/** Whether processes can be given another clock. */
export const HAS_FAKETIME = LIBRARY !== undefined;

/** Runs a program, as the first words of its command, whose clock is off; time passes as fast as everywhere. */
export function withClock(offset: string): string[] {
  return ['env', `LD_PRELOAD=${LIBRARY}`, `FAKETIME=${offset}`, 'DONT_FAKE_MONOTONIC=1'];
}
