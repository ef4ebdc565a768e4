import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findProgram } from './programs.js';

/** Whether the program is installed that delays the calls of others. */
export const HAS_STRACE = findProgram('strace') !== undefined;

const CALLS = 'fsync,fdatasync';

/**
 * Delays each sync of these processes and of their children, as a slow disk does.
 *
 * @returns ends the delay
 */
export async function slowDown(pids: readonly number[], ms: number): Promise<() => Promise<void>> {
  const attached = pids.flatMap((pid) => ['-p', String(pid)]);
  const tracer = spawn(
    'strace',
    ['-f', '-o', '/dev/null', '-e', `trace=${CALLS}`, '-e', `inject=${CALLS}:delay_enter=${ms}ms`, ...attached],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const ended = once(tracer, 'exit');
  await Promise.race([once(tracer.stderr, 'data'), ended]);
  if (tracer.exitCode !== null) throw new Error('strace cannot attach itself to the server.');
  tracer.stderr.resume();
  return async () => {
    tracer.kill('SIGINT');
    await ended;
  };
}
