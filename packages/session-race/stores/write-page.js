import { readFileSync, writeFileSync } from 'node:fs';
import { makeHistories, makePage } from './page.js';

/** Writes the files that are made from results.json. */
export function writePage() {
  const results = JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8'));
  writeFileSync(new URL('../../../docs/stores.md', import.meta.url), makePage(results));
  writeFileSync(new URL('histories.txt', import.meta.url), makeHistories(results));
}

if (process.argv[1] === import.meta.filename) writePage();
