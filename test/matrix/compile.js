import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Compiles an app, and checks the declarations of all that it imports.
 *
 * @param {string} directory the app's
 * @returns {Promise<{ own: string[], foreign: string[] }>} errors in the app or in this package's declarations, and in others' declarations
 */
export async function compile(directory) {
  const tsc = join(directory, '../node_modules/typescript/bin/tsc');
  const run = promisify(execFile)(process.execPath, [tsc, '-p', directory, '--pretty', 'false'], {
    cwd: directory,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { stdout } = await run.catch((error) => error);
  const errors = (stdout ?? '').split('\n').filter((line) => line.includes('error TS'));
  const isForeign = (line) => line.includes('node_modules/') && !line.includes('node_modules/nestjs-smart-session/');
  return { own: errors.filter((line) => !isForeign(line)), foreign: errors.filter(isForeign) };
}
