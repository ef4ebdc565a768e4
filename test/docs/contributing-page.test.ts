import { readFileSync } from 'node:fs';
import { DELETED } from '../../src/index.js';
import { readPage } from '../support/markdown.js';
import { largest } from './largest.rule.js';

const { text } = readPage('CONTRIBUTING.md');

describe('CONTRIBUTING.md', () => {
  const rows = [...text.matchAll(/^\| (.+) \| (.+) \| (.+) \| (.+) \|$/gm)]
    .map(([, ...cells]) => cells as [string, string, string, string])
    .slice(2);
  const valueOf = (cell: string): unknown => JSON.parse(cell.replaceAll('`', '').replaceAll("'", '"'));

  it.each(rows)('the rule of the example: base %s, theirs %s, mine %s: %s', (base, theirs, mine, result) => {
    const given = Object.entries({ base, theirs, mine }).filter(([, cell]) => cell !== 'absent');
    const merge = () => largest()({ key: 'k', ...Object.fromEntries(given.map(([side, cell]) => [side, valueOf(cell)])) });
    if (result === 'an error') expect(merge).toThrow(TypeError);
    else expect(merge()).toBe(result === 'absent' ? DELETED : valueOf(result));
  });

  it('has rows for the example', () => {
    expect(rows.map(([, , , result]) => result)).toEqual(expect.arrayContaining(['absent', 'an error']));
  });

  it('names every member of a dialect', () => {
    const [, body] = /export interface Dialect \{\n(.*?)^\}/ms.exec(readFileSync('src/dialects/dialect.ts', 'utf8'))!;
    const members = [...body!.matchAll(/^ {2}(?:readonly )?(\w+)[?:(]/gm)].map(([, member]) => member!);
    const table = text.slice(text.indexOf('| members |'), text.indexOf('2. Put it into'));
    const named = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    expect(named.toSorted()).toEqual(members.toSorted());
  });
});
