import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const DEVALUE = new URL('../node_modules/devalue/', import.meta.url);

/**
 * Bundles the library into one CommonJS file.
 *
 * @param {string} entry the compiled index
 * @param {string} outfile the file to write
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
    // devalue is an ES module. The loaders that need this build cannot load it.
    alias: { devalue: fileURLToPath(new URL('src/index.js', DEVALUE)) },
    banner: { js: `/*! Contains devalue, under this license:\n${await readFile(new URL('LICENSE', DEVALUE), 'utf8')}*/` },
    // Compiled to `require`, because Jest runs `import()` only with a flag.
    supported: { 'dynamic-import': false },
    // Nest's messages contain the names of classes.
    keepNames: true,
  });
}
