import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from '../programs.js';
import type { MovableClock } from '../skewed-clock.js';

/** Whether Patroni and PostgreSQL are installed. */
export const HAS_PATRONI = findProgram('patroni') !== undefined && findProgram('postgres') !== undefined;

/** The directory of PostgreSQL's programs. */
export const PROGRAMS = dirname(findProgram('postgres') ?? '');

/** Before 3.0.3, a primary that was paused overwrites the lock of its successor if Patroni uses version 3 of etcd's protocol. */
export const PATRONI_OVERWRITES_LOCKS = HAS_PATRONI && versionOfPatroni().localeCompare('3.0.3', 'en', { numeric: true }) < 0;

/** Makes a directory of PostgreSQL's programs in which the server has another clock. Returns its path. */
export function programsWith({ launcher }: MovableClock, directory: string): string {
  mkdirSync(directory);
  for (const name of readdirSync(PROGRAMS).filter((program) => program !== 'postgres'))
    symlinkSync(join(PROGRAMS, name), join(directory, name));
  const command = [...launcher, join(PROGRAMS, 'postgres')].join(' ');
  writeFileSync(join(directory, 'postgres'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  return directory;
}

function versionOfPatroni(): string {
  return execFileSync(findProgram('patroni')!, ['--version'], { encoding: 'utf8' }).split(' ').at(-1)!.trim();
}
