import { readFileSync, readdirSync } from 'node:fs';

const page = readFileSync('docs/security.md', 'utf8');

/** Every id of the page's table of ASVS, and those that it marks as tested. */
const rows = [...page.matchAll(/^\| (\d[\d., ]*) \|[^|]+\| (tested)?/gm)].map(([, ids, mark]) => ({
  ids: ids!.split(', '),
  isTested: mark !== undefined,
}));
const tested = rows.filter(({ isTested }) => isTested).flatMap(({ ids }) => ids);

/** Every id that a test's name begins with. */
const named = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) => [...readFileSync(`test/${file}`, 'utf8').matchAll(/^ *(?:it|\])[^\n]*?\(['"`]ASVS ((?:\d+\.\d+\.\d+(?:, )?)+)/gm)])
  .flatMap(([, ids]) => ids!.split(', ').filter(Boolean));

describe('docs/security.md', () => {
  it('marks as tested what a test is named after, and nothing else', () => {
    expect(tested.length).toBeGreaterThan(30);
    expect([...new Set(named)].toSorted()).toEqual(tested.toSorted());
    const ids = rows.flatMap((row) => row.ids);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('names test files that there are', () => {
    const files = readdirSync('test', { recursive: true, encoding: 'utf8' });
    const cells = page.slice(page.indexOf('## Known classes')).matchAll(/^\|[^|]+\|[^|]+\| (`[a-z].*) \|$/gm);
    const patterns = [...cells].flatMap(([, cell]) => [...cell!.matchAll(/`([\w/-]+)`/g)].map(([, pattern]) => pattern!));
    expect(patterns.length).toBeGreaterThan(20);
    for (const pattern of patterns) expect(files.filter((file) => file.includes(pattern))).not.toEqual([]);
  });
});
