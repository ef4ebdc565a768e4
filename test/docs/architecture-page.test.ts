import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs';
import { readPage } from '../support/markdown.js';

interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string; readonly pathNot?: string };
  readonly to: { readonly path?: string; readonly pathNot?: string; readonly circular?: boolean };
}

const page = readPage('docs/architecture.md');
const { forbidden } = JSON.parse(readFileSync('.dependency-cruiser.json', 'utf8')) as { forbidden: Rule[] };
const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
const rows = new Map([...page.text.matchAll(/^\| `(\w+)` \| [^|]+ \| ?(.*?) ?\|$/gm)].map(([, folder, cell]) => [folder!, cell!]));

/** Whether a rule is about a path. */
const fits = ({ path = '', pathNot = '^$' }: { path?: string; pathNot?: string }, file: string) => new RegExp(path).test(file) && !new RegExp(pathNot).test(file);

/** The folders that a folder must not import. */
function forbiddenFor(folder: string): string[] {
  const rules = forbidden.filter(({ from, to }) => !to.circular && from.path !== undefined && fits(from, `src/${folder}/file.ts`));
  return folders.filter((other) => other !== folder && rules.some(({ to }) => fits(to, `src/${other}/file.ts`))).toSorted();
}

/** The folders that a cell of the table stands for. */
function foldersIn(cell: string, folder: string): string[] {
  const named = [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
  const others = folders.filter((other) => other !== folder);
  return (cell.startsWith('everything') ? others.filter((other) => !named.includes(other)) : named).toSorted();
}

describe('docs/architecture.md', () => {
  it('has every folder', () => {
    expect([...rows.keys()].toSorted()).toEqual(folders.toSorted());
  });

  it.each(folders)('says what %s must not import, as the lint checks it', (folder) => {
    expect(foldersIn(rows.get(folder) ?? '', folder)).toEqual(forbiddenFor(folder));
  });

  it.each([...new Set(page.text.match(/\b(?:[\w-]+\/)+[\w*.-]+\.ts\b/g))])('names %s, which is there', (name) => {
    const path = name.startsWith('src/') ? name : `src/${name}`;
    expect(path.includes('*') ? globSync(path) : [path].filter((file) => existsSync(file))).not.toEqual([]);
  });
});
