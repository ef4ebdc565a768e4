import { globSync, readFileSync } from 'node:fs';
import { messageOf } from '../../src/cli/error-message.js';
import { sessionIdIn } from '../../src/cli/session-id.js';
import { isSealed } from '../../src/codec/seal.js';
import { applyRule } from '../../src/merge/apply-rule.js';
import { redacted } from '../../src/security/redaction.js';
import { flawInSecret } from '../../src/security/secrets.js';
import { databaseError } from '../../src/smart-session.errors.js';

/** In characters. A quadratic expression takes 5 to 60 s on such a text, a linear one under 10 ms. */
const LENGTH = 200_000;

/** In ms: far more than linear work takes, also on a busy machine, and far less than quadratic work. */
const PATIENCE = 2000;

/** What a regular expression literal follows. */
const LITERAL = /(?<=[(=[,:?!&|>] ?)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[dgimsuvy]*(?=[).,;\]} ])/g;

const SOURCES = globSync('src/**/*.ts').map((path) => readFileSync(path, 'utf8'));
const LITERALS = [...new Set(SOURCES.flatMap((source) => source.match(LITERAL) ?? []))];

/** Texts that repeat each phrase of an expression, and single characters: an expression is slow where it nearly matches. */
function hostileTexts(phrases: readonly string[]): string[] {
  const repeated = ['[', '(', ' ', '\n', '\t', ',', '.', 'a', '0', '=', "'", '"', ...phrases].map((phrase) => phrase.repeat(Math.ceil(LENGTH / phrase.length)));
  return repeated.flatMap((text) => [text, `${text}\0`, `\0${text}`]);
}

function phrasesOf(literal: string): string[] {
  return literal.slice(1).match(/[\w '":,[\]-]{2,}/g) ?? [];
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
  "an error of MikroORM 6, the statement's values in it": (text) => redacted(new Error(`update "sessions" set "data" = '${text}' - value too long`)),
  "an error with the server's own words": (text) => redacted(Object.assign(new Error('x'), { sqlMessage: text })),
  'the reason in an error': (text) => databaseError(new Error(text)),
  "the command line's error": (text) => messageOf(new Error(text)),
  'a session id on the command line': (text) => sessionIdIn(`s:${text}`),
  'a sealed text': (text) => isSealed(`sealed.1.${text}`),
  'a secret': (text) => flawInSecret(text),
};

describe('a text of 200 KB takes no quadratic time', () => {
  it('finds the regular expressions of the source', () => {
    expect(LITERALS.length).toBeGreaterThan(20);
  });

  const slow = ["/(?<=entry ')[^]*(?=' for key)/", "/(?<=value: ')[^]*(?=' for column)/", String.raw`/\[.*\]/`, String.raw`/\s*\n\s*/g`];
  it.failing.each(slow)('in %s', (literal) => {
    for (const text of hostileTexts(phrasesOf(literal))) expect(ms(() => text.replace(expressionOf(literal), ''))).toBeLessThan(PATIENCE);
  });

  it.each(LITERALS.filter((literal) => !slow.includes(literal)))('in %s', (literal) => {
    for (const text of hostileTexts(phrasesOf(literal))) expect(ms(() => text.replace(expressionOf(literal), ''))).toBeLessThan(PATIENCE);
  });

  const slowFunctions = ['the path in a rule error', 'a redacted error', "an error of MikroORM 6, the statement's values in it", "an error with the server's own words", 'the reason in an error', "the command line's error"];
  const phrases = [...new Set(LITERALS.flatMap(phrasesOf))];
  it.failing.each(Object.entries(FUNCTIONS).filter(([name]) => slowFunctions.includes(name)))('in %s', (_name, look) => {
    for (const text of hostileTexts(phrases)) expect(ms(ignoringErrors(() => look(text)))).toBeLessThan(PATIENCE);
  });

  it.each(Object.entries(FUNCTIONS).filter(([name]) => !slowFunctions.includes(name)))('in %s', (_name, look) => {
    for (const text of hostileTexts(phrases)) expect(ms(ignoringErrors(() => look(text)))).toBeLessThan(PATIENCE);
  });
});
