import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const DEVALUE = new URL('../node_modules/devalue/', import.meta.url);

/**
 * Makes one CommonJS file of the library.
 *
 * @param {string} entry its compiled index
 * @param {string} outfile where to write it
 */
export async function bundle(entry, outfile) {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    // It is an ES module, which the loaders that need this build cannot load.
    alias: { devalue: fileURLToPath(new URL('src/index.js', DEVALUE)) },
    banner: { js: `/*! Contains devalue, under this license:\n${await readFile(new URL('LICENSE', DEVALUE), 'utf8')}*/` },
    // By `require`: Jest runs no `import()` without a flag.
    supported: { 'dynamic-import': false },
    // The messages of Nest name classes.
    keepNames: true,
  });
}
