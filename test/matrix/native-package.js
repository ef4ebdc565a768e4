import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from './npm.js';

/** To compile SQLite takes a minute or more: what was compiled is kept for the next run. */
const KEPT = join(dirname(fileURLToPath(import.meta.url)), '../../build/matrix-native');

/** The packages that must be compiled, or fetched from GitHub, with what that makes, and whether it serves one major version of Node alone. */
const NATIVE = {
  sqlite3: { file: 'node_sqlite3.node', version: '5.1.7', isForOneNode: false },
  'better-sqlite3': { file: 'better_sqlite3.node', version: '11.10.0', isForOneNode: true },
};

/**
 * Puts a package's compiled part in place.
 *
 * @param {string} name
 * @param {string} home the directory with the `node_modules`
 * @param {number} major the Node's major version
 * @param {string} node its directory, with its headers
 * @throws {Error} with the compiler's words, where it cannot be compiled
 */
export async function provideNative(name, home, major, node) {
  const { file, version, isForOneNode } = NATIVE[name];
  const kept = join(KEPT, `${name}-${version}-${process.platform}-${process.arch}-node-${isForOneNode ? major : 'any'}`, file);
  const wanted = join(home, 'node_modules', name, 'build/Release', file);
  try {
    await mkdir(dirname(wanted), { recursive: true });
    await cp(kept, wanted);
  } catch {
    await npm(['rebuild', name], home, node);
    await cp(wanted, kept);
  }
}
