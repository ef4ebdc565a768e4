import { globSync, readFileSync } from 'node:fs';
import { messageOf } from '../../src/cli/error-message.js';
import { applyRule } from '../../src/merge/apply-rule.js';
import { redacted } from '../../src/shared/redaction.js';
import { databaseError } from '../../src/smart-session.errors.js';

/** In characters. A quadratic expression takes 1.5 to 15 s on such a text, a linear one under 10 ms. */
const LENGTH = 100_000;

/** In ms. Linear work takes far less, also on a busy machine. */
const PATIENCE = 1000;

/** What a regular expression literal follows. */
const LITERAL = /(?<=[(=[,:?!&|>] ?)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[dgimsuvy]*(?=[).,;\]} ])/g;

const SOURCES = globSync('src/**/*.ts').map((path) => readFileSync(path, 'utf8'));
const LITERALS = [...new Set(SOURCES.flatMap((source) => source.match(LITERAL) ?? []))];

/** Texts that repeat each phrase of an expression, and single characters: an expression is slow where it nearly matches. */
function hostileTexts(phrases: readonly string[]): string[] {
  const repeated = ['[', '(', ' ', '\n', '\t', ',', '.', 'a', '0', '=', "'", '"', ...phrases].map((phrase) =>
    phrase.repeat(Math.ceil(LENGTH / phrase.length)),
  );
  return repeated.flatMap((text) => [text, `${text}\0`, `\0${text}`]);
}

function phrasesOf(literal: string): string[] {
  return (
    literal
      .slice(1)
      .replaceAll(/\\\w/g, '|')
      .match(/[\w '":,-]{2,}/g) ?? []
  );
}

function expressionOf(literal: string): RegExp {
  const end = literal.lastIndexOf('/');
  return new RegExp(literal.slice(1, end), literal.slice(end + 1));
}

function ms(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Measures again before it says no: another process may have had the processor. */
const isFast = (work: () => unknown) => ms(work) < PATIENCE || ms(work) < PATIENCE;

const ignoringErrors = (work: () => unknown) => () => {
  try {
    work();
  } catch {
    // Only its time counts.
  }
};

/** Functions that look at texts that a client, a stored value or a database chooses. */
const FUNCTIONS: Record<string, (text: string) => unknown> = {
  'the path in a rule error': (text) => applyRule(() => undefined as never, { key: text, mine: 1 }),
  'a redacted error': (text) => redacted(new Error(text)),
  "an error of MikroORM 6, the statement's values in it": (text) =>
    redacted(new Error(`update "sessions" set "data" = '${text}' - value too long`)),
  "an error with the server's own words": (text) => redacted(Object.assign(new Error('x'), { sqlMessage: text })),
  'the reason in an error': (text) => databaseError(new Error(text)),
  "the command line's error": (text) => messageOf(new Error(text)),
};

describe('a text of 100 KB takes no quadratic time', () => {
  it('finds the regular expressions of the source', () => {
    expect(LITERALS.length).toBeGreaterThan(15);
  });

  it.each(LITERALS)('in %s', (literal) => {
    for (const text of hostileTexts(phrasesOf(literal))) expect(isFast(() => text.replace(expressionOf(literal), ''))).toBe(true);
  });

  const phrases = [...new Set(LITERALS.flatMap(phrasesOf))];
  it.each(Object.entries(FUNCTIONS))('in %s', (_name, look) => {
    for (const text of hostileTexts(phrases)) expect(isFast(ignoringErrors(() => look(text)))).toBe(true);
  });
});
