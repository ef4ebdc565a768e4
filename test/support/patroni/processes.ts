import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Returns the processes that work in a directory or below it. A server's children are among them, whichever process started them. */
export function processesIn(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && worksIn(pid, directory));
}

/** Sends a signal to processes that may have ended meanwhile. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

/** Returns the command of a process with its parameters; an empty text if it has ended. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function worksIn(pid: number, directory: string): boolean {
  try {
    const current = readlinkSync(`/proc/${pid}/cwd`);
    return current === directory || current.startsWith(`${directory}/`);
  } catch {
    return false;
  }
}
