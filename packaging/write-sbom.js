// Writes sbom.cdx.json, which the tarball contains. Runs at `npm pack` and `npm publish`, without the network.
import { readFile, writeFile } from 'node:fs/promises';
import { sbomOf } from './sbom.js';

const [manifest, lock] = await Promise.all(
  ['package.json', 'package-lock.json'].map(async (file) => JSON.parse(await readFile(file, 'utf8'))),
);
await writeFile('sbom.cdx.json', `${JSON.stringify(sbomOf(manifest, lock), null, 2)}\n`);
