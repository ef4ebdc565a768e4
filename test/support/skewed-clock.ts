import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const LIBRARY = libraryIn('/');

/** Whether a process can have another clock. */
export const HAS_FAKETIME = LIBRARY !== undefined;

/** Returns the first words of a command that runs a program with a shifted clock. Its time passes at the usual speed. */
export function withClock(offset: string): string[] {
  return ['env', `LD_PRELOAD=${LIBRARY}`, `FAKETIME=${offset}`, 'DONT_FAKE_MONOTONIC=1'];
}

/** A clock that a test moves while programs run that were started with it. */
export class MovableClock {
  readonly #directory: string;
  readonly #file: string;

  /** @param root the root directory of the programs */
  constructor(private readonly root = '/') {
    this.#directory = mkdtempSync(join(root, tmpdir(), 'clock-'));
    this.#file = join(this.#directory, 'offset');
    // Servers have their own accounts.
    chmodSync(this.#directory, 0o755);
    this.move('+0');
  }

  /** The first words of a command that runs a program with this clock. The program looks for a new offset each second. */
  get launcher(): string[] {
    const file = `FAKETIME_TIMESTAMP_FILE=${join('/', relative(this.root, this.#file))}`;
    return ['env', `LD_PRELOAD=${libraryIn(this.root)}`, file, 'FAKETIME_CACHE_DURATION=1', 'DONT_FAKE_MONOTONIC=1'];
  }

  /** @param offset the distance from the machine's clock, such as `+5m` */
  move(offset: string): void {
    writeFileSync(this.#file, offset);
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }
}

/** Returns the path of the library, as the programs see it. */
function libraryIn(root: string): string | undefined {
  return readdirSync(join(root, 'usr/lib'))
    .map((directory) => join('/usr/lib', directory, 'faketime/libfaketime.so.1'))
    .find((file) => existsSync(join(root, file)));
}

/** Removes what a process with another clock has left in shared memory because it was killed. */
export function removeClockOf(pid: number): void {
  for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) rmSync(join('/dev/shm', name), { force: true });
}
