import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HELP, readSettings, type Settings } from './plan/settings.js';
import { runStages } from './plan/run-stages.js';
import { prepareServers } from './servers/servers.js';

// The benchmark: npm run bench -- --help

const settings = readSettings(process.argv.slice(2));
if (settings) process.exitCode = await benchmark(settings);
else process.stdout.write(`${HELP}\n`);

async function benchmark(given: Settings): Promise<number> {
  const servers = await prepareServers(new Set(given.stores.map(({ database }) => database)));
  try {
    for (const [database, reason] of servers.missing) process.stdout.write(`skipped, as ${database} does not answer: ${reason}\n`);
    const stores = given.stores.filter(({ database }) => !servers.missing.has(database));
    const records = await runStages(given, stores, servers.addresses);
    const out = resolve(given.out);
    await mkdir(out, { recursive: true });
    await writeFile(join(out, 'benchmark.json'), JSON.stringify(records, null, 2));
    return 0;
  } finally {
    await servers.stop();
  }
}
