import { readFile } from 'node:fs/promises';
import { toMarkdown } from '../../bench/src/report/markdown.js';
import { collectResults, makeReport } from '../../bench/src/report/report.js';
import { formatResults, parseResults } from '../../bench/src/report/stored-results.js';
import { readSettings } from '../../bench/src/plan/settings.js';
import { runRecord } from './run-records.js';

const machine = { cpu: 'a CPU', cores: 2, memoryGiB: 1, system: 'Linux', node: 'v1', databases: {}, packages: {} };
const runs = ['ours-sqlite', 'knex-sqlite'].flatMap((store, index) =>
  [1, 2, 3].map((round) =>
    runRecord(round, store, 'read', {
      requestsPerSecond: (10_000 * round) / 3 + index,
      p50: round / 7,
      acknowledged: 1_234_567,
      lost: index,
    }),
  ),
);
const results = collectResults(readSettings([])!, machine, ['MySQL is missing'], runs, []);

describe('the stored results', () => {
  it('have one line for each store in each scenario', () => {
    const lines = formatResults(results).split('\n');
    expect(lines.filter((line) => line.includes('"scenario"'))).toHaveLength(2);
  });

  it('have figures of six digits, and exact counts', () => {
    expect(results.runs[0]).toMatchObject({ requestsPerSecond: 3333.33, p50: 0.142857, acknowledged: 1_234_567 });
  });

  it('make the same report again', () => {
    const again = parseResults(formatResults(results));
    expect(again).toEqual(results);
    expect(toMarkdown(makeReport(again), [])).toBe(toMarkdown(makeReport(results), []));
  });

  it.each(['bench/results', 'bench/results/growth'])('of %s have made the report there', async (folder) => {
    const report = makeReport(parseResults(await readFile(`${folder}/benchmark.json`, 'utf8')));
    const written = await readFile(`${folder}/benchmark.md`, 'utf8');
    const charts = [...written.matchAll(/^!\[(.*)\]\((.*)\.svg\)$/gm)].map(([, title, name]) => ({ title: title!, name: name!, svg: '' }));
    expect(toMarkdown(report, charts)).toBe(written);
  });
});
