import { readFileSync } from 'node:fs';
import { BREACHES } from '../explore/mutants.js';
import { MUTANTS } from '../history/mutants.js';

const LAWS = [
  'NoLostKey',
  'CommitBeforeAnswer',
  'NoResurrection',
  'Isolation',
  'WholeDelta',
  'NoPhantom',
  'AtMostOnce',
  'Lifetime',
  'BoundedOutcome',
  'OneProtocol',
  'OneFlight',
  'SameAnswer',
  'OneLock',
  'AllOrNothing',
];

describe('docs/guarantees.md', () => {
  const guarantees = readFileSync('docs/guarantees.md', 'utf8');
  const laws = guarantees
    .split('\n## ')[1]!
    .split('\n### ')
    .slice(1)
    .map((section) => [section.split('\n')[0]!, section] as const);

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
    const mutants = named(section, 'Fails with');
    expect(mutants).not.toEqual([]);
    expect({ ...BREACHES, ...MUTANTS }).toMatchObject(Object.fromEntries(mutants.map((mutant) => [mutant, {}])));
  });

  it('names each mutant of the histories', () => {
    expect(laws.flatMap(([, section]) => named(section, 'Fails with'))).toEqual(expect.arrayContaining(Object.keys(MUTANTS)));
  });
});
