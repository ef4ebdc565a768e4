import { figuresOf, termsOf } from './figures.js';
import type { RaceReport } from './race-report.js';
import { explain, linesOf } from './history-lines.js';
import { titleOf } from './titles.js';
import { verdictOf } from './verdict.js';
import type { Example } from '../witness/example.js';

/** The whole report as text. */
export function describeReport(report: RaceReport): string {
  const { examples, places, notes } = report;
  return [
    verdictOf(report),
    '',
    ...table(report),
    '',
    ...notes.map((note) => `Note: ${note}\n`),
    ...examples.flatMap((example) => [...describeExample(example, places), '']),
    termsOf(report),
  ].join('\n');
}

function table(report: RaceReport): string[] {
  return figuresOf(report).map(({ count, what }) => `${String(count).padStart(7)}  ${what}`);
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
