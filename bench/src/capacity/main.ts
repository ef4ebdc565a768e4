import { fileURLToPath } from 'node:url';
import { readResults } from '../report/stored-results.js';
import { summarize } from '../report/summary.js';
import { preparePostgreSql } from '../servers/postgresql.js';
import { measureDatabaseCost, type DatabaseCost } from './database-cost.js';
import { simulate, type AppCost, type Outcome, type Site } from './simulation.js';

// How many processes and which server carry a load: npm run capacity -w bench
// It measures what statements cost PostgreSQL, takes the cost of requests from the benchmark's results, and simulates sites.

const BYTES = 1000;
const RATES = [1000, 10_000, 100_000];
const WRITES = [0.1, 0.5];
/** Of the network between app and database, and the wait for the disk, in µs. */
const ROUND_TRIP = 1000;
const SYNC = 1000;
/** The most that cores may be used on average. What is left is for peaks. */
const MOST_LOAD = 0.6;
const MOST_TRIES = 200;

const { runs } = await readResults(fileURLToPath(new URL('../../results', import.meta.url)));
const summary = summarize(runs);
const measuredOf = (scenario: string) => summary.find((one) => one.store === 'ours-postgresql' && one.scenario === scenario)!;

const server = await preparePostgreSql();
try {
  const database = await measureDatabaseCost(server.address, BYTES);
  const app = appCost();
  say(`${server.version}, sessions of ${BYTES} bytes`);
  say(costTable(app, database));
  say(checkTable(app, database));
  say(siteTable(app, database));
} finally {
  await server.stop();
}

/** Finds the cost of a statement and that of the rest from two measurements, without batching and with it. */
function appCost(): AppCost {
  const [single, batched] = [measuredOf('read-1-connections'), measuredOf('read')];
  const saved = single.statementsPerRequest.median - batched.statementsPerRequest.median;
  const perStatement = (single.cpuPerRequest.median - batched.cpuPerRequest.median) / saved;
  const rest = (scenario: string) => {
    const { cpuPerRequest, statementsPerRequest } = measuredOf(scenario);
    return cpuPerRequest.median - perStatement * statementsPerRequest.median;
  };
  return { read: rest('read'), write: rest('write'), perStatement };
}

function costTable(app: AppCost, { load, update, logPerRow }: DatabaseCost): string {
  return table(
    ['cost', 'µs of CPU time'],
    [
      ['app, a read without its statement', app.read],
      ['app, a write without its statements', app.write],
      ['app, a statement', app.perStatement],
      ['PostgreSQL, a load', load.perStatement],
      ['PostgreSQL, each row of a load', load.perRow],
      ['PostgreSQL, an update', update.perStatement],
      ['PostgreSQL, each row of an update', update.perRow],
      ['PostgreSQL, the log of a written row, in bytes', logPerRow],
    ].map(([name, value]) => [String(name), Number(value).toFixed(0)]),
  );
}

/** Compares the simulation with the benchmark: 64 clients of one process, on the same machine. */
function checkTable(app: AppCost, database: DatabaseCost): string {
  const rows = ['read', 'write'].map((scenario) => {
    const site: Site = {
      app,
      database,
      processes: 1,
      databaseCores: 1,
      load: { clients: 64 },
      writes: scenario === 'write' ? 1 : 0,
      roundTrip: 50,
      sync: 0,
    };
    const { rate, p50, statementsPerSecond } = simulate(site, randomOf(1));
    const measured = measuredOf(scenario);
    return [
      scenario,
      measured.requestsPerSecond.median.toFixed(0),
      rate.toFixed(0),
      measured.statementsPerRequest.median.toFixed(2),
      (statementsPerSecond / rate).toFixed(2),
      p50.toFixed(1),
    ];
  });
  return table(['64 clients', 'req/s measured', 'req/s simulated', 'statements/req measured', 'simulated', 'p50 simulated, ms'], rows);
}

function siteTable(app: AppCost, database: DatabaseCost): string {
  const rows = RATES.flatMap((rate) =>
    WRITES.map((writes) => {
      const { site, outcome } = leastSite({ app, database, load: { rate }, writes, roundTrip: ROUND_TRIP, sync: SYNC });
      return [
        rate.toLocaleString('en'),
        `${writes * 100} %`,
        String(site.processes),
        String(site.databaseCores),
        Math.round(outcome.statementsPerSecond).toLocaleString('en'),
        ((rate * writes * database.logPerRow) / 1e6).toFixed(1),
        outcome.p50.toFixed(1),
        outcome.p99.toFixed(1),
      ];
    }),
  );
  return table(['req/s', 'writes', 'app processes', 'PostgreSQL cores', 'statements/s', 'log MB/s', 'p50 ms', 'p99 ms'], rows);
}

/** Returns the smallest site whose cores are not used more than allowed. */
function leastSite(given: Omit<Site, 'processes' | 'databaseCores'>): { site: Site; outcome: Outcome } {
  let [processes, databaseCores] = [1, 1];
  for (let n = 0; n < MOST_TRIES; n++) {
    const site = { ...given, processes, databaseCores };
    const outcome = simulate(site, randomOf(n));
    if (outcome.processLoad <= MOST_LOAD && outcome.databaseLoad <= MOST_LOAD) return { site, outcome };
    processes = grown(processes, outcome.processLoad);
    databaseCores = grown(databaseCores, outcome.databaseLoad);
  }
  throw new Error(`No site was found for ${JSON.stringify(given.load)}.`);
}

/** The next number of cores to try. Cores that are used up hide how many are missing, so the number grows by small steps. */
function grown(count: number, load: number): number {
  return load <= MOST_LOAD ? count : Math.max(count + 1, Math.floor(count * 1.1));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `\n${[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`;
}

/** The same numbers in each run (mulberry32, by Tommy Ettinger). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
