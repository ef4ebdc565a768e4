import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Installs into a new directory. Nothing is compiled: see `provideNative`.
 *
 * @param {string} directory
 * @param {object} manifest what its package.json says
 */
export async function install(directory, manifest) {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'package.json'), JSON.stringify({ private: true, ...manifest }));
  await npm(['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'], directory);
}

/**
 * @param {string[]} parameters
 * @param {string} directory where
 * @param {string} [node] the directory of the Node to compile for
 * @throws {Error} with the lines that say what went wrong
 */
export async function npm(parameters, directory, node) {
  const env = node ? { ...process.env, PATH: `${join(node, 'bin')}:${process.env.PATH}`, npm_config_nodedir: node } : process.env;
  try {
    return await run('npm', parameters, { cwd: directory, env, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    throw new Error(`npm ${parameters.join(' ')}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf({ stderr = '', message }) {
  const lines = stderr.split('\n').filter((line) => /error/i.test(line) && !/npm error (path|command|code \d)/.test(line));
  return lines.slice(0, 3).join(' ').slice(0, 300) || message;
}
