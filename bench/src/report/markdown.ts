import { SCENARIOS, type Scenario } from '../plan/scenario.js';
import { findStore } from '../stores/catalog.js';
import type { MeasuredBar } from './bars.js';
import type { ChartFile } from './charts.js';
import { losingRows } from './losing-rows-markdown.js';
import { bestPeerOf } from './peer-comparison.js';
import type { Report } from './report.js';
import type { SummaryRow } from './summary.js';
import { range, table } from './table.js';

/** Returns the report as Markdown. */
export function toMarkdown(report: Report, charts: readonly ChartFile[]): string {
  const bars = report.bars.some(({ ratio }) => ratio) ? ['## The bar', barTable(report.bars)] : [];
  const parts = [
    '# Benchmark',
    introduction(report),
    ...bars,
    ...losingRows(report),
    ...charts.map(({ name, title }) => `![${title}](${name}.svg)`),
  ];
  for (const scenario of SCENARIOS) {
    const rows = report.summary.filter((row) => row.scenario === scenario.name);
    if (rows.length > 0) parts.push(`## ${scenario.name}`, describe(scenario), summaryTable(rows, report));
  }
  return `${[...parts, ...troubles(report)].join('\n\n')}\n`;
}

/** Returns the goals as a table. */
export function barTable(bars: readonly MeasuredBar[]): string {
  return table(
    ['ours', 'peer', 'scenario', 'ratio of', 'bar', 'measured', 'min … max', 'reached'],
    bars.map((bar) => [
      bar.ours,
      bar.peer,
      bar.scenario,
      bar.figure === 'p50' ? 'p50' : 'req/s',
      bar.atMost === undefined ? `≥ ${bar.atLeast}` : `≤ ${bar.atMost}`,
      bar.ratio ? bar.ratio.median.toFixed(2) : '–',
      bar.ratio ? range(bar.ratio, 2) : '–',
      bar.isReached === undefined ? 'not measured' : bar.isReached ? 'yes' : '**no**',
    ]),
  );
}

/** Returns a scenario's figures as a table. */
export function summaryTable(rows: readonly SummaryRow[], report: Pick<Report, 'comparisons' | 'runs'>): string {
  return table(
    [
      'store',
      'req/s',
      'min … max',
      'p50 ms',
      'p99 ms',
      'CPU µs/req',
      'statements/req',
      'updates lost',
      'errors',
      'best peer on this database',
    ],
    rows.map((row) => [
      labelOf(row),
      row.requestsPerSecond.median.toFixed(0),
      range(row.requestsPerSecond, 0),
      `${row.p50.median.toFixed(2)} (${range(row.p50, 2)})`,
      `${row.p99.median.toFixed(2)} (${range(row.p99, 2)})`,
      row.cpuPerRequest.median.toFixed(0),
      row.statementsPerRequest.median.toFixed(2),
      findStore(row.store).kind === 'reference' || row.acknowledged === 0 ? '–' : `${row.lost} of ${row.acknowledged}`,
      String(row.errors),
      bestPeer(row, report),
    ]),
  );
}

/** Returns a cell; an empty one for other stores. */
function bestPeer(row: SummaryRow, { comparisons, runs }: Pick<Report, 'comparisons' | 'runs'>): string {
  if (findStore(row.store).kind !== 'ours') return '';
  const best = bestPeerOf(comparisons, runs, row);
  return best ? `${findStore(best.peer).label}: ${best.ratio.median.toFixed(2)} (${range(best.ratio, 2)})` : '–';
}

function labelOf({ store }: SummaryRow): string {
  const { kind, label } = findStore(store);
  return kind === 'ours' ? `**${label}**` : kind === 'reference' ? `_${label}_` : label;
}

function introduction({ date, machine, settings, runs }: Report): string {
  const list = (versions: Readonly<Record<string, string>>) =>
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ');
  const rough = settings.isQuick ? 'A quick run: **these figures are rough.** ' : '';
  return [
    `${rough}Medians of ${settings.rounds} rounds of ${settings.secondsPerRun} s per run, after ${settings.secondsOfWarmUp} s of warm-up, with minimum and maximum. ` +
      `Within a round the stores take turns, and a ratio compares runs of the same round. Each store has the same app in its own process, with ${settings.connectionsPerPool} connections to its database. ` +
      "Redis has one connection because its client opens only one. SQLite runs in the app's process.",
    "CPU is the time of the app's process. It includes SQLite, but no other database. An update is lost if it was acknowledged and its slot later has another value, although each slot has only one writer. " +
      "The last column of a table names this library's best peer, which is the other store on the same database with the most requests per second. " +
      "The ratio is this library's requests per second divided by those of the peer. " +
      `The clients used at most ${Math.round(Math.max(0, ...runs.map(({ clientLoad }) => clientLoad)) * 100)} % of a core.`,
    [
      `- ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; the clients and the databases run on the same machine`,
      `- Node ${[machine.node, ...(machine.otherNodes ?? [])].join(', ')}${Object.values(machine.databases)
        .map((version) => `, ${version}`)
        .join('')}`,
      `- ${list(machine.packages)}`,
    ].join('\n'),
  ].join('\n\n');
}

function describe({ operation, connections, sessions, bytes, rows, roundTrip, node }: Scenario): string {
  const what = {
    read: 'Each request reads the session',
    write: 'Each request sets one key',
    mixed: 'Nine in ten requests read, one sets a key',
  }[operation];
  const growth = rows === undefined ? '' : ` The table has ${rows.toLocaleString('en')} rows.`;
  const distance = roundTrip === undefined ? '' : ` A relay adds ${roundTrip} ms to each round trip to the database.`;
  const version = node === undefined ? '' : ` The app runs on Node ${node}, and the clients on that of the benchmark.`;
  return `${what}: ${connections} ${connections === 1 ? 'connection' : 'connections'}, ${sessions} ${sessions === 1 ? 'session' : 'sessions'} of about ${bytes / 1000} KB.${growth}${distance}${version}`;
}

function troubles({ skipped, failures }: Report): string[] {
  const lines = [...skipped, ...failures.map(({ store, scenario, message }) => `${store}, ${scenario}: ${message}`)];
  return lines.length === 0 ? [] : ['## Not measured', lines.map((line) => `- ${line}`).join('\n')];
}
