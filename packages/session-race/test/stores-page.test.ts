import { existsSync, globSync, readFileSync } from 'node:fs';
import { makeHistories, makePage } from '../stores/page.js';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly counts?: Readonly<Record<string, number>>;
  readonly crash?: string;
  readonly history?: readonly string[];
  readonly inOrder?: Readonly<Record<string, string>>;
}

const STORES = new URL('../stores/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, STORES), 'utf8');
const results = JSON.parse(read('results.json')) as { terms: { rounds: number }; rows: readonly Row[]; notMeasured: object[] };
const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
const judged = results.rows.filter(({ counts }) => counts).map((row) => [row.id, row] as const);

/** The counts of losses, and the title of the shortest history that shows one. */
const TITLES = {
  lost: 'Lost update',
  resurrected: 'Resurrected session',
  stale: 'Stale read',
  foreign: 'Data of another browser',
} as const;

describe('docs/stores.md', () => {
  it('is made from the results', () => {
    expect(readFileSync('docs/stores.md', 'utf8')).toBe(makePage(results));
    expect(read('histories.txt')).toBe(makeHistories(results));
  });

  it('has a row for each store that is set up', () => {
    const names = globSync('packages/session-race/stores/setups/*.js').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^ +name: '([^']+)',$/gm)].map(([, name]) => name!),
    );
    const tables = new Set(['Session', 'session']);
    const shown = new Set([...results.rows, ...(results.notMeasured as Row[])].map(({ name }) => name));
    expect(names.filter((name) => !tables.has(name) && !shown.has(name))).toEqual([]);
  });

  it.each(results.rows.map((row) => [row.id, row] as const))('%s was measured with the versions that are pinned', (_, { versions }) => {
    for (const [name, version] of Object.entries(versions))
      if (name in dependencies) expect(`${name} ${version}`).toBe(`${name} ${dependencies[name]}`);
  });

  it.each(judged)('%s has all its rounds, and a history for each kind of loss', (_, { counts, history, inOrder }) => {
    expect(counts).toMatchObject({ rounds: results.terms.rounds });
    expect(counts!.unknown! + counts!.refused!).toBeLessThan(counts!.requests! / 100);
    const shown = Object.values(TITLES).filter((title) => history!.includes(`${title}: the shortest history`));
    expect(shown).toEqual(Object.entries(TITLES).flatMap(([kind, title]) => (counts![kind]! > 0 ? [title] : [])));
    // The order that a test forces shows the same as the race.
    expect(inOrder!.twoKeys).toBe(counts!.lost! > 0 ? 'one lost' : 'both kept');
    expect(inOrder!.logout).toBe(counts!.resurrected! > 0 ? 'comes back' : 'stays ended');
  });

  it('finds nothing in the controls and in this library', () => {
    const clean = judged.map(([, row]) => row).filter(({ name }) => /^(control|PHP|nestjs-smart-session)/.test(name));
    expect(clean.length).toBeGreaterThan(2);
    for (const { counts } of clean) expect(counts).toMatchObject({ lost: 0, resurrected: 0, stale: 0, foreign: 0 });
  });

  it('links the set-ups and the histories', () => {
    for (const file of ['setups/index.js', 'histories.txt']) expect(existsSync(new URL(file, STORES))).toBe(true);
  });
});
