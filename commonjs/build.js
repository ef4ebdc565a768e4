// Builds the CommonJS version of the files that `tsc` has written to dist: one file, with the declarations beside it.
import { globSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import { bundle } from './bundle.js';

await rm('dist/cjs', { recursive: true, force: true });
for (const file of globSync('dist/**/*.d.ts', { exclude: ['dist/cli/**'] })) await cp(file, file.replace('dist', 'dist/cjs'));
await writeFile('dist/cjs/package.json', '{ "type": "commonjs" }\n');
await bundle('dist/index.js', 'dist/cjs/index.js');
await bundle('dist/fastify.js', 'dist/cjs/fastify.js');
