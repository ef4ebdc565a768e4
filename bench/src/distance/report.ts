import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../report/machine.js';
import { table } from '../report/table.js';
import { findStore } from '../stores/catalog.js';
import { distanceChart } from './chart.js';
import { OPERATIONS } from './operations.js';
import { DATABASES, nameOf, storesOf, type DistantDatabase } from './plan.js';
import type { DistanceRecord, DistanceResults } from './run.js';

/** The results at all distances. */
export interface DistanceReport {
  readonly date: string;
  readonly machine: Machine;
  /** For each operation of each store. */
  readonly requests: number;
  readonly clients: number;
  readonly results: readonly DistanceResults[];
}

/** Writes the report into a folder: as JSON, as Markdown, and its chart. */
export async function writeDistanceReport(report: DistanceReport, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'distance.json'), `${JSON.stringify(report, rounded)}\n`);
  await writeFile(join(folder, 'distance.md'), distanceMarkdown(report));
  await writeFile(join(folder, 'latency-by-operation.svg'), distanceChart(report));
}

/** Returns the report as Markdown. */
export function distanceMarkdown({ date, machine, requests, clients, results }: DistanceReport): string {
  const found = (Object.keys(DATABASES) as DistantDatabase[]).filter((name) => results.some(({ database }) => database === name));
  const of = (name: DistantDatabase) => results.filter(({ database }) => database === name);
  return `${[
    '# Distance to the database',
    `A relay between the app and the database delays all bytes by half a round trip in each direction. ${requests} requests for each figure, ${clients} at once, each with a session of its own. ` +
      'Round trips are counted in the relay, without concurrent requests.',
    `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${Object.values(machine.databases).join(', ')}; all on one machine.`,
    '![p50 and p99 of each operation](latency-by-operation.svg)',
    '## The distances themselves',
    'One `select 1` after the other, with the driver alone, in ms.',
    table(
      ['round trip', ...found.map((name) => DATABASES[name])],
      [...new Set(results.map(({ roundTrip }) => roundTrip))].map((roundTrip) => [
        `${roundTrip} ms`,
        ...found.map((name) => cell(of(name).find((result) => result.roundTrip === roundTrip)?.precision)),
      ]),
    ),
    '## Round trips of an operation',
    ...found.flatMap((name) => [`### ${DATABASES[name]}: round trips`, roundTripTable(of(name))]),
    ...found.flatMap((name) =>
      of(name).flatMap((result) => [`## ${DATABASES[name]}, ${result.roundTrip} ms: p50 / p99 in ms`, costTable(result)]),
    ),
  ].join('\n\n')}\n`;
}

/** The operations of a store's requests, each with the load of the session. */
function roundTripTable(results: readonly DistanceResults[]): string {
  return byOperation(results[0]!, ({ roundTrips }) => String(roundTrips));
}

function costTable(results: DistanceResults): string {
  return byOperation(results, cell);
}

function byOperation({ database, records }: DistanceResults, show: (record: DistanceRecord) => string): string {
  const stores = storesOf(database).filter(({ id }) => records.some(({ store }) => store === id));
  return table(
    ['operation', ...stores.map(({ id }) => nameOf(findStore(id)))],
    OPERATIONS.map(({ name }) => [
      name,
      ...stores.map(({ id }) => {
        const record = records.find(({ store, operation }) => store === id && operation === name);
        return record ? show(record) : '–';
      }),
    ]),
  );
}

function cell(cost: { readonly p50: number; readonly p99: number } | undefined): string {
  return cost ? `${cost.p50.toFixed(1)} / ${cost.p99.toFixed(1)}` : '–';
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 100) / 100 : value;
}
