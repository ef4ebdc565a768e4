import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs';
import { readPage } from '../support/markdown.js';

interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string; readonly pathNot?: string };
  readonly to: { readonly path?: string; readonly pathNot?: string; readonly circular?: boolean };
}

const page = readPage('docs/architecture.md');
const { forbidden } = JSON.parse(readFileSync('.dependency-cruiser.json', 'utf8')) as { forbidden: Rule[] };
const folders = readdirSync('src', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const rows = new Map([...page.text.matchAll(/^\| `(\w+)` \| [^|]+ \| ?(.*?) ?\|$/gm)].map(([, folder, cell]) => [folder!, cell!]));

/** Whether a rule is about a path. */
const fits = ({ path = '', pathNot = '^$' }: { path?: string; pathNot?: string }, file: string) =>
  new RegExp(path).test(file) && !new RegExp(pathNot).test(file);

/** The folders that a folder may import: those that no rule forbids. */
function allowedFor(folder: string): string[] {
  const rules = forbidden.filter(({ from, to }) => !to.circular && from.path !== undefined && fits(from, `src/${folder}/file.ts`));
  return folders.filter((other) => other !== folder && !rules.some(({ to }) => fits(to, `src/${other}/file.ts`))).toSorted();
}

/** The folders that a cell of the table names. */
function foldersIn(cell: string): string[] {
  return [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!).toSorted();
}

describe('docs/architecture.md', () => {
  it('has every folder', () => {
    expect([...rows.keys()].toSorted()).toEqual(folders.toSorted());
  });

  it.each(folders)('says what %s may import, as the lint checks it', (folder) => {
    expect(foldersIn(rows.get(folder) ?? '')).toEqual(allowedFor(folder));
  });

  it.each([...new Set(page.text.match(/\b(?:[\w-]+\/)+[\w*.-]+\.ts\b/g))])('names %s, which is there', (name) => {
    const path = name.startsWith('src/') ? name : `src/${name}`;
    expect(path.includes('*') ? globSync(path) : [path].filter((file) => existsSync(file))).not.toEqual([]);
  });
});
