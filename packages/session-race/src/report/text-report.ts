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
  const times = lines.map(({ from, to }) => `${from.toFixed(1)} to ${to.toFixed(1)} ms`);
  const width = Math.max(...times.map((time) => time.length));
  return [
    `${titleOf(example.kind)}: the shortest history`,
    ...lines.flatMap(({ number, actor, asked, answered, meaning }, n) => [
      `  (${number})  ${times[n]!.padEnd(width)}  ${actor}, ${asked}`,
      `       ${' '.repeat(width)}  → ${answered}${meaning ? `  ← ${meaning}` : ''}`,
    ]),
    ...wrap(explain(example, lines)).map((line) => `  ${line}`),
  ];
}

/** Breaks a text into lines of at most 100 characters. */
function wrap(text: string): string[] {
  return text.match(/\S.{0,99}(?=\s|$)/g) ?? [];
}
