import { globSync, readFileSync } from 'node:fs';
import { readPage } from '../support/markdown.js';

/** Words that were replaced, each with the word of the glossary that took its place. */
const RETIRED: readonly (readonly [retired: RegExp, instead: string])[] = [
  [/\bjoiners?\b|Joiner\b/, 'batch'],
  [/\bbaselines?\b|Baseline/, 'live session'],
  [/SessionTerms|\bsession terms\b/, 'policy'],
  [/read[- ]through|readThrough|reading through/i, 'migrate'],
  [/(earlier|foreign) stores?\b|foreign tables?\b|ForeignStore|ForeignTable/i, 'previous store'],
  [/\bkeepers?\b|SessionKeeper/, 'live session'],
  [/SessionMark|session-mark/, 'live session'],
  [/\b[Ii]n doubt\b|isInDoubt|refuseInDoubt|\bdoubt\b/, 'outcome unknown'],
  [/RepositoryCaller|repository-caller|caller\.ask\b/, 'deadline'],
  [/SessionCommitInterceptor/, 'protocol'],
  [/\bin vain\b|inVain/, 'outcome unknown'],
];

const { text: page } = readPage('docs/architecture.md');
const [, glossary = ''] = page.split('## Glossary\n');
const words = [...glossary.split(/^## /m)[0]!.matchAll(/^\| ([a-z][\w, ]*) \| [^|]+ \|$/gm)]
  .map(([, word]) => word!)
  .filter((word) => word !== 'word');

const FILES = globSync(['src/**/*.ts', 'docs/*.md', '*.md', 'recipes/**/*.md'], { exclude: (name) => /node_modules|CHANGELOG/.test(name) });

/** The lines of a file with one of the words, and where. */
function linesWith(retired: RegExp, file: string, text: string): string[] {
  return text.split('\n').flatMap((line, n) => (retired.test(line) ? [`${file}:${n + 1}: ${line.trim()}`] : []));
}

/** The names of tests and of their groups. */
function namesIn(text: string): string {
  const names = /^\s*(?:it|describe)(?:\.\w+)*(?:\([^']*?\))?\(\s*(['"`].*)$/;
  return text.replace(/^.*$/gm, (line) => names.exec(line)?.[1] ?? '');
}

describe('the glossary', () => {
  it('is sorted, and has each word once', () => {
    expect(words.length).toBeGreaterThan(20);
    expect(words).toEqual([...new Set(words)].toSorted());
  });

  it.each(RETIRED)('has replaced %s by "%s" in src and docs', (retired, instead) => {
    expect(words).toContain(instead);
    expect(FILES.flatMap((file) => linesWith(retired, file, readFileSync(file, 'utf8')))).toEqual([]);
  });

  it.each(RETIRED)('has replaced %s in the names of tests', (retired) => {
    const tests = globSync('test/**/*.test.ts').filter((file) => !file.endsWith('glossary.test.ts'));
    expect(tests.flatMap((file) => linesWith(retired, file, namesIn(readFileSync(file, 'utf8'))))).toEqual([]);
  });
});
