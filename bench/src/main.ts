import { inBoth } from './plan/against.js';
import { runStages } from './plan/run-stages.js';
import { HELP, readSettings, type Settings } from './plan/settings.js';
import { describeMachine } from './report/machine.js';
import { barTable } from './report/markdown.js';
import { compareCheckouts } from './report/comparison.js';
import { losingRows } from './report/losing-rows-markdown.js';
import { collectResults, makeReport, ourFaults, type Results } from './report/report.js';
import { readResults } from './report/stored-results.js';
import { writeReport } from './report/write-report.js';
import { prepareServers } from './servers/servers.js';

// The benchmark: npm run bench -- --help

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('Interrupted.')));
process.once('SIGTERM', () => interrupted.abort(new Error('Ended.')));

try {
  const settings = readSettings(process.argv.slice(2));
  if (settings) process.exitCode = await benchmark(settings);
  else say(HELP);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

/** @returns the exit code: 1 if this library lost an update or failed, otherwise 0, also if a bar is missed */
async function benchmark(settings: Settings): Promise<number> {
  if (settings.isQuick) say('A quick run: its figures are rough.');
  if (settings.against !== undefined) return compare(settings, settings.against);
  const report = makeReport(settings.isRebuild ? await readResults(settings.out) : await measureAll(settings));
  await writeReport(report, settings.out);
  say(`\n${barTable(report.bars.filter(({ ratio }) => ratio !== undefined))}`);
  for (const part of losingRows(report)) say(`\n${part}`);
  say(`\nThe results are in ${settings.out}`);
  const faults = ourFaults(report);
  for (const fault of faults) say(`FAULT ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

/** @returns the exit code: 1 if a store failed */
async function compare(settings: Settings, checkout: string): Promise<number> {
  const servers = await prepareServers(new Set(settings.stores.map(({ database }) => database)));
  try {
    const { records, failures } = await runStages(settings, inBoth(settings.stores, checkout), servers.addresses, interrupted.signal);
    say(`\n${compareCheckouts(records)}`);
    for (const { store, scenario, message } of failures) say(`FAULT ${store}, ${scenario}: ${message}`);
    return failures.length === 0 ? 0 : 1;
  } finally {
    await servers.stop();
  }
}

async function measureAll(settings: Settings): Promise<Results> {
  const servers = await prepareServers(new Set(settings.stores.map(({ database }) => database)));
  try {
    const skipped = [...servers.missing].map(([database, reason]) => `${database} does not answer. Its stores are skipped: ${reason}`);
    for (const line of skipped) say(line);
    const stores = settings.stores.filter(({ database }) => !servers.missing.has(database));
    const { records, failures, otherNodes } = await runStages(settings, stores, servers.addresses, interrupted.signal);
    return collectResults(settings, describeMachine(servers.versions, stores, otherNodes), skipped, records, failures);
  } finally {
    await servers.stop();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
