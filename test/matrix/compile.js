import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The other ways in which TypeScript finds modules, as of its version 5. The app's tsconfig.json has `nodenext`. */
export const RESOLUTIONS = { node10: 'commonjs', node16: 'node16', bundler: 'esnext' };

/**
 * Compiles an app, and checks the declarations of all that it imports.
 *
 * @param {string} directory the app's
 * @param {string} [resolution] one of `RESOLUTIONS`, for a check alone
 * @returns {Promise<{ own: string[], foreign: string[] }>} errors in the app or in this package's declarations, and in others' declarations
 */
export async function compile(directory, resolution) {
  const other = resolution ? ['--noEmit', '--module', RESOLUTIONS[resolution], '--moduleResolution', resolution] : [];
  const tsc = join(directory, '../node_modules/typescript/bin/tsc');
  const run = promisify(execFile)(process.execPath, [tsc, '-p', directory, '--pretty', 'false', ...other], {
    cwd: directory,
    maxBuffer: 64 * 1024 * 1024,
  });
  return errorsOf(run);
}

/**
 * @param {Promise<{ stdout: string }>} run of the compiler
 * @throws {Error} if it fails without an error in a file
 */
export async function errorsOf(run) {
  const { stdout = '', code = 0, message } = await run.catch((error) => error);
  const errors = stdout.split('\n').filter((line) => line.includes('error TS'));
  if (code !== 0 && errors.length === 0) throw new Error(message);
  const isForeign = (line) => line.includes('node_modules/') && !line.includes('node_modules/nestjs-smart-session/');
  return { own: errors.filter((line) => !isForeign(line)), foreign: errors.filter(isForeign) };
}
