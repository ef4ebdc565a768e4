import type { Spread } from './statistics.js';

/** Returns a table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Returns the minimum and the maximum as a cell. */
export function range({ min, max }: Spread, digits: number): string {
  return `${min.toFixed(digits)} … ${max.toFixed(digits)}`;
}
