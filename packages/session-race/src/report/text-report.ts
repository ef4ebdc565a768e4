import type { RaceReport } from './race-report.js';
import { explain, linesOf } from './history-lines.js';
import { titleOf } from './titles.js';
import { verdictOf } from './verdict.js';
import type { Example } from '../witness/example.js';

/** The whole report as text. */
export function describeReport(report: RaceReport): string {
  const { examples, places, notes, settings } = report;
  return [
    verdictOf(report),
    '',
    ...table(report),
    '',
    ...notes.map((note) => `Note: ${note}\n`),
    ...examples.flatMap((example) => [...describeExample(example, places), '']),
    `${report.requests} requests in ${report.rounds} rounds, ${report.seconds.toFixed(1)} s, ${settings.clients} tabs per browser, --seed ${settings.seed}`,
  ].join('\n');
}

function table(report: RaceReport): string[] {
  const { acknowledged, contended, ended, reads, lost, resurrected, stale, foreign, vanished, refused, unknown } = report;
  const rows: (readonly [number, string])[] = [
    [acknowledged, `acknowledged updates, ${contended} of them at the same time as another`],
    [lost, 'of them lost'],
    [resurrected, `of ${ended} ended sessions came back`],
    [stale, `of ${reads} reads were stale`],
    [foreign, `of ${reads} reads showed another browser's data`],
  ];
  const optional: (readonly [number, string])[] = [
    [vanished, 'updates were missing for a while, and came back: no loss'],
    [refused, 'requests were refused: not judged'],
    [unknown, 'requests have an unknown outcome: not judged'],
  ];
  return [...rows, ...optional.filter(([count]) => count > 0)].map(([count, what]) => `${String(count).padStart(7)}  ${what}`);
}

function describeExample(example: Example, places: readonly string[]): string[] {
  const lines = linesOf(example, places);
  const cells = lines.map(({ number, from, to, actor, asked, answered, meaning }) => [
    `(${number})`,
    `${from.toFixed(1)} to ${to.toFixed(1)} ms`,
    actor,
    asked,
    `→ ${answered}`,
    meaning ? `← ${meaning}` : '',
  ]);
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return [
    `${titleOf(example.kind)}: the shortest history`,
    ...cells.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd()),
    `  ${explain(example, lines)}`,
  ];
}
