import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, rmdirSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const EMPTY = Buffer.alloc(4096);

/** A file system of a few megabytes in memory, which a test can fill. */
export class SmallDisk {
  /** Whether the test may mount one. */
  static readonly isPossible = process.platform === 'linux' && process.getuid?.() === 0;

  private constructor(readonly directory: string) {}

  static mount(megabytes: number): SmallDisk {
    const directory = mkdtempSync(join(tmpdir(), 'small-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'small-disk', directory]);
    // Servers have their own accounts.
    chmodSync(directory, 0o777);
    return new SmallDisk(directory);
  }

  /** Writes a file that leaves only so many blocks of 4 KB free. Does so again if the server has freed some. */
  fill(blocksLeft: number): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (let left = statfsSync(this.directory).bfree - blocksLeft; left > 0; left--) writeSync(file, EMPTY);
    } catch (error) {
      // The server has written meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Removes the file. */
  makeRoom(): void {
    rmSync(this.#ballast, { force: true });
  }

  unmount(): void {
    execFileSync('umount', [this.directory]);
    rmdirSync(this.directory);
  }

  get #ballast(): string {
    return join(this.directory, 'ballast');
  }
}
