import { globSync, readFileSync } from 'node:fs';
import { readPages, shellLines } from '../support/markdown.js';

interface Manifest {
  readonly scripts: Record<string, string>;
}

const scriptsOf = (file: string) => Object.keys((JSON.parse(readFileSync(file, 'utf8')) as Manifest).scripts);
const scripts = [...scriptsOf('package.json'), ...scriptsOf('sample-app/package.json')];
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, { readonly version?: string }> };

const pages = readPages();
const text = pages.map((page) => page.text).join('\n');
const tests = globSync(['test/**/*.test.ts', 'recipes/*.test.ts']);
const sources = globSync(['test/**/*.ts', 'recipes/**/*.ts'])
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

/** What the pages have, once each. */
const all = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, found]) => found!.trim()))];

describe('the commands of the pages', () => {
  it.each(all(/npm run ([\w:-]+)/g))('npm run %s is there', (script) => {
    expect(scripts).toContain(script);
  });

  it.each(all(/npm test -- ((?:[a-z][\w/-]*(?: +(?=[a-z])|))+)/g))('npm test -- %s runs tests', (patterns) => {
    for (const pattern of patterns.split(/ +/)) expect(tests.filter((file) => file.includes(pattern))).not.toEqual([]);
  });

  it.each(all(/(?:npm |`)[^`\n]*?-t '?([\w .]*\w)/g))("-t '%s' picks a test", (name) => {
    expect(sources).toContain(name);
  });

  it.each(pages.flatMap(shellLines).filter((line) => line.startsWith('npm install ')))('%s', (line) => {
    const names = line
      .replace(/#.*|&&.*|\\$/g, '')
      .split(/ +/)
      .slice(2)
      .filter((word) => word && !word.startsWith('-'));
    const named = names.map((name) => /^(@?[^@]+)(?:@(.+))?$/.exec(name)!);
    for (const [, name] of named)
      expect([...Object.keys(lock.packages), 'node_modules/nestjs-smart-session']).toContain(`node_modules/${name}`);
    // The version is one of those that are tested here.
    for (const [, name, version] of named)
      if (version) expect(lock.packages[`node_modules/${name}`]!.version).toMatch(new RegExp(`^${version.replaceAll('.', '\\.')}\\.`));
  });
});

describe('the line that installs the package', () => {
  it.each(pages.flatMap(shellLines).filter((line) => /^p?npm (install|add) nestjs-smart-session/.test(line)))(
    'has one version for all of MikroORM: %s',
    (line) => {
      const orm = [...line.matchAll(/@mikro-orm\/(?!nestjs)[\w-]+(?:@(\S+))?/g)].map(([, version]) => version);
      expect(orm.length).toBeGreaterThan(0);
      expect(new Set(orm).size).toBe(1);
      expect(orm[0]).toBeDefined();
    },
  );
});
