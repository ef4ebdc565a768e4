import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const LIBRARY = readdirSync('/usr/lib')
  .map((directory) => join('/usr/lib', directory, 'faketime/libfaketime.so.1'))
  .find((file) => existsSync(file));

/** Whether a process can have another clock. */
export const HAS_FAKETIME = LIBRARY !== undefined;

/** Returns the first words of a command that runs a program with a shifted clock. Its time passes at the usual speed. */
export function withClock(offset: string): string[] {
  return ['env', `LD_PRELOAD=${LIBRARY}`, `FAKETIME=${offset}`, 'DONT_FAKE_MONOTONIC=1'];
}

/** The file with the offset of a clock. */
const OFFSET = 'offset';

/** A clock that a test moves while programs run that were started with it. */
export class MovableClock {
  readonly #directory: string;
  readonly #tree: string;

  /** @param tree the root directory of the programs, such as one that `unpack` has made */
  constructor(tree = '/') {
    this.#tree = tree;
    this.#directory = mkdtempSync(join(tree, tmpdir(), 'clock-'));
    // Servers have their own accounts.
    chmodSync(this.#directory, 0o755);
    if (tree !== '/') cpSync(LIBRARY!, join(tree, LIBRARY!));
    this.move('+0');
  }

  /** The first words of a command that runs a program with this clock. The program looks for a new offset each second. */
  get launcher(): string[] {
    const file = `FAKETIME_TIMESTAMP_FILE=${join('/', relative(this.#tree, this.#directory), OFFSET)}`;
    return ['env', `LD_PRELOAD=${LIBRARY}`, file, 'FAKETIME_CACHE_DURATION=1', 'DONT_FAKE_MONOTONIC=1'];
  }

  /** @param offset the distance from the machine's clock, such as `+5m` */
  move(offset: string): void {
    writeFileSync(join(this.#directory, OFFSET), offset);
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }
}

/** Removes what a process with another clock has left in shared memory because it was killed. */
export function removeClockOf(pid: number): void {
  for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) rmSync(join('/dev/shm', name), { force: true });
}
