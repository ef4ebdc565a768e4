import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figures } from '../load/measure.js';
import type { RunRecord } from '../plan/run-record.js';
import type { Results } from './report.js';

const FILE = 'benchmark.json';

/** The runs of a store in a scenario: a list for each figure, with one value for each round. */
type Row = Readonly<Record<'round' | keyof Figures, readonly number[]>> & Pick<RunRecord, 'store' | 'scenario'>;

/** Returns the path of the results in a folder. */
export const resultsFile = (folder: string): string => join(folder, FILE);

/** Reads the results that an earlier benchmark has written into a folder. */
export async function readResults(folder: string): Promise<Results> {
  return parseResults(await readFile(resultsFile(folder), 'utf8'));
}

/** Returns results as JSON, with one line for each store in each scenario. */
export function formatResults({ runs, ...rest }: Results): string {
  const rows = rowsOf(runs).map((row) => JSON.stringify(row));
  const head = Object.entries(rest).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${[...head, `"runs": [\n${rows.join(',\n')}\n]`].join(',\n')}\n}\n`;
}

/** Reads what `formatResults` has returned. */
export function parseResults(text: string): Results {
  const { runs, ...rest } = JSON.parse(text) as Omit<Results, 'runs'> & { runs: readonly Row[] };
  return { ...rest, runs: runs.flatMap(recordsOf) };
}

/** Rounds measured figures to six digits. Counts stay exact. */
export function roundFigures(record: RunRecord): RunRecord {
  const rounded = Object.entries(record).map(([key, value]) => [
    key,
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
  ]);
  return Object.fromEntries(rounded) as RunRecord;
}

function rowsOf(runs: readonly RunRecord[]): Row[] {
  const groups = Map.groupBy(runs, ({ store, scenario }) => `${scenario} ${store}`);
  return [...groups.values()].map((records) => {
    const { store, scenario, ...figures } = records[0]!;
    const lists = Object.keys(figures).map((figure) => [figure, records.map((record) => record[figure as keyof RunRecord])]);
    return { store, scenario, ...Object.fromEntries(lists) } as Row;
  });
}

function recordsOf({ store, scenario, ...lists }: Row): RunRecord[] {
  return lists.round.map((_, index) => {
    const figures = Object.entries(lists).map(([figure, values]) => [figure, values[index]]);
    return { store, scenario, ...Object.fromEntries(figures) } as RunRecord;
  });
}
