import { readFileSync } from 'node:fs';
import * as library from '../../src/index.js';

type Row = readonly [line: string, base: string, theirs: string, mine: string, result: string];

const page = readFileSync('docs/merging.md', 'utf8');

/** Evaluates an expression of the docs with the library's exports in scope. */
function evaluate(expression: string): any {
  return Function(...Object.keys(library), `return (${expression});`)(...Object.values(library));
}

/** Each rule of the page with the rows of its table. */
const TABLES = page
  .split('\n### `')
  .slice(1)
  .map((section) => {
    const rows = [...section.split('\n## ')[0]!.matchAll(/^\| (.+) \| (.+) \| (.+) \| (.+) \|$/gm)].slice(2) as unknown as Row[];
    return [section.slice(0, section.indexOf('`\n')), rows.map(([, ...cells]) => cells)] as const;
  });

describe('docs/merging.md', () => {
  it('has a table for every rule', () => {
    expect(TABLES.map(([rule]) => rule.replace(/\(.*/, '')).toSorted()).toEqual([
      'append',
      'counter',
      'deep',
      'firstWins',
      'lastWins',
      'union',
      'unionBy',
    ]);
    for (const [, rows] of TABLES) expect(rows.length).toBeGreaterThan(1);
  });

  describe.each(TABLES)('%s', (rule, rows) => {
    it.each(rows)('base %s, theirs %s, mine %s: %s', (...cells) => {
      const [base, theirs, mine, result] = cells.map((cell) => (cell === 'absent' ? library.DELETED : cell.replaceAll('`', '')));
      const given = Object.entries({ base, theirs, mine }).filter(([, value]) => value !== library.DELETED);
      const sides = { key: 'k', ...Object.fromEntries(given.map(([side, value]) => [side, evaluate(String(value))])) };
      const merge = () => evaluate(rule)(sides);
      if (result === 'an error') expect(merge).toThrow(TypeError);
      else expect(merge()).toEqual(result === library.DELETED ? result : evaluate(String(result)));
    });
  });
});
