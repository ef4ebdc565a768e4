import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, npm } from './npm.js';
import { NODES } from './versions.js';

const HERE = dirname(fileURLToPath(import.meta.url));

/** The kinds of app, with what their package.json says: TypeScript and Node go by it. */
export const FORMATS = { ESM: 'module', CommonJS: 'commonjs' };

/**
 * Packs the package as it would be published.
 *
 * @param {string} directory where to
 * @returns {Promise<string>} the tarball's path
 */
export async function pack(directory) {
  const { stdout } = await npm(['pack', '--json', '--pack-destination', directory], join(HERE, '../..'));
  return join(directory, Object.values(JSON.parse(stdout))[0].filename);
}

/**
 * Installs versions of Node, by npm, with their headers.
 *
 * @param {string} directory where to
 * @param {number[]} majors
 * @returns {Promise<Record<number, string>>} the directory of each, which has `bin/node`
 */
export async function installNodes(directory, majors) {
  const dependencies = Object.fromEntries(
    majors.map((major) => [`node-${major}`, `npm:node-${process.platform}-${process.arch}@${NODES[major]}`]),
  );
  await install(directory, { dependencies });
  return Object.fromEntries(majors.map((major) => [major, join(directory, 'node_modules', `node-${major}`)]));
}

/**
 * Installs the tarball beside its peers, and lays the app's sources out, once for each kind of app.
 *
 * @param {string} directory a new one
 * @param {import('./versions.js').Pair} pair
 * @param {string} tarball
 */
export async function installPair(directory, pair, tarball) {
  await install(directory, {
    dependencies: { ...pair.dependencies, 'nestjs-smart-session': `file:${tarball}` },
    allowScripts: { 'better-sqlite3': true, sqlite3: true },
  });
  for (const [format, type] of Object.entries(FORMATS)) await layOut(join(directory, format), { type }, pair);
}

const COMPILER_OPTIONS = {
  target: 'es2023',
  module: 'nodenext',
  strict: true,
  esModuleInterop: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: false,
  types: ['node'],
  rootDir: '.',
  outDir: 'dist',
};

/**
 * Lays an app out.
 *
 * @param {string} directory a new one
 * @param {object} manifest what its package.json says
 * @param {import('./versions.js').Pair} pair
 */
export async function layOut(directory, manifest, { hasAppOrm }) {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['*.ts'] }));
  const sources = (await readdir(join(HERE, 'app'))).filter((name) => !name.startsWith('app-orm.'));
  for (const name of sources) await copyFile(join(HERE, 'app', name), join(directory, name));
  await copyFile(join(HERE, 'app', `app-orm.${hasAppOrm ? 'with' : 'without'}-nestjs.ts`), join(directory, 'app-orm.ts'));
}
