import { globSync, readFileSync } from 'node:fs';
import * as library from '../../src/index.js';
import { BREACHES } from '../explore/mutants.js';
import { MUTANTS } from '../history/mutants.js';

type Row = readonly [line: string, base: string, theirs: string, mine: string, result: string];

const page = readFileSync('docs/merging.md', 'utf8');
const sample = ['session-options.ts', 'shop.controller.ts', 'app.controller.ts'].map((file) => readFileSync(`sample-app/src/${file}`, 'utf8')).join('\n');
const readme = readFileSync('README.md', 'utf8');

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
    expect(TABLES.map(([rule]) => rule.replace(/\(.*/, '')).toSorted()).toEqual(['append', 'counter', 'deep', 'firstWins', 'lastWins', 'union', 'unionBy']);
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

const LAWS = ['NoLostKey', 'CommitBeforeAnswer', 'NoResurrection', 'Isolation', 'WholeDelta', 'NoPhantom', 'AtMostOnce', 'Lifetime', 'BoundedOutcome', 'OneProtocol'];

describe('docs/guarantees.md', () => {
  const guarantees = readFileSync('docs/guarantees.md', 'utf8');
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const tests = globSync('test/**/*.test.ts');
  const laws = guarantees.split('\n## ')[1]!.split('\n### ').slice(1).map((section) => [section.split('\n')[0]!, section] as const);

  /** What a line that begins so names in backticks. */
  const named = (text: string, beginning: string) => {
    const line = new RegExp(`^- ${beginning}: (.*(?:\\n  .*)*)`, 'm').exec(text)?.[1] ?? '';
    return [...line.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
  };

  it('has all laws', () => {
    expect(laws.map(([law]) => law)).toEqual(LAWS);
  });

  it.each(laws)('%s has commands, and mutants that fail it', (_, section) => {
    expect(named(section, 'Commands')).not.toEqual([]);
    const mutants = named(section, 'Seen to fail with');
    expect(mutants).not.toEqual([]);
    expect({ ...BREACHES, ...MUTANTS }).toMatchObject(Object.fromEntries(mutants.map((mutant) => [mutant, {}])));
  });

  it('names each mutant of the histories', () => {
    expect(laws.flatMap(([, section]) => named(section, 'Seen to fail with'))).toEqual(expect.arrayContaining(Object.keys(MUTANTS)));
  });

  it.each([...new Set(guarantees.match(/npm (?:run [\w:]+|test)(?: -- [\w/-]+)?/g))])('%s is there', (command) => {
    const [, script, pattern] = /npm (?:run )?([\w:]+)(?: -- (.+))?/.exec(command)!;
    expect(scripts).toHaveProperty([script!]);
    if (pattern) expect(tests.filter((file) => file.includes(pattern))).not.toEqual([]);
  });
});

/** The lines of a block without their indentation. */
const flat = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean).join('\n');

describe('README.md', () => {
  const blocks = [...readme.matchAll(/<!-- from the sample app -->\n\n```ts\n([\s\S]*?)```/g)].map(([, block]) => block!);

  it('shows the sample app as it runs', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(3);
    for (const block of blocks) expect(flat(sample)).toContain(flat(block));
  });
});

describe('docs/recipes', () => {
  const pages = globSync('docs/recipes/*.md').map((file) => readFileSync(file, 'utf8')).join('\n');
  const shown = [...pages.matchAll(/<!-- (recipes\/\S+) -->\n\n```ts\n([\s\S]*?)```/g)].map(([, file, block]) => [file!, block!] as const);

  it.each(shown)('shows %s as it is tested', (file, block) => {
    expect(block).toBe(readFileSync(file, 'utf8'));
  });

  it('shows every file of every recipe', () => {
    const files = globSync('recipes/*/**/*.ts').filter((file) => !file.endsWith('.cases.ts'));
    expect(shown.map(([file]) => file).toSorted()).toEqual(files.toSorted());
  });
});

describe('the commands of the docs', () => {
  const pages = ['README.md', ...globSync('docs/**/*.md')].map((file) => readFileSync(file, 'utf8')).join('\n');
  const tests = globSync(['test/**/*.test.ts', 'recipes/*.test.ts']);
  const named = [...new Set([...pages.matchAll(/npm test -- ([\w/-]+)/g)].map(([, pattern]) => pattern!))];

  it.each(named)('npm test -- %s runs a test', (pattern) => {
    expect(tests.filter((file) => file.includes(pattern))).not.toEqual([]);
  });
});

describe('docs/managing-sessions.md', () => {
  const tested = ['user-sessions', 're-authentication'].map((name) => readFileSync(`test/e2e/${name}.test.ts`, 'utf8')).join('\n');
  const sections = readFileSync('docs/managing-sessions.md', 'utf8').split('\n## ').filter((section) => /^(Devices|Sensitive)/.test(section));
  const blocks = sections.flatMap((section) => [...section.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block!));

  it('shows code as it is tested', () => {
    expect(blocks).toHaveLength(4);
    for (const block of blocks) expect(flat(tested)).toContain(flat(block));
  });
});
