import { globSync, readFileSync } from 'node:fs';
import { HttpException, Logger } from '@nestjs/common';
import * as library from '../../src/index.js';
import * as errorClasses from '../../src/smart-session.errors.js';
import { warningsOf } from '../../src/security/warnings.js';
import { readPage } from '../support/markdown.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { startProvocations } from './provoked-config-errors.js';
import { provocations } from './provoked-errors.js';
import { unfitForTransactions } from './provoked-in-transactions.js';

/** The page's sections, by heading. */
const sections = new Map(
  readPage('docs/errors.md')
    .text.split(/^## /m)
    .map((section) => [section.split('\n')[0]!, section]),
);

const sectionOf = (heading: string) => sections.get(heading) ?? '';

/** The messages that a section has as items of a list. */
const messagesIn = (heading: string) => [...sectionOf(heading).matchAll(/^- ``(.+?)``$/gm)].map(([, message]) => message!.trim());

/** What differs from one run to the next. */
const steady = (message: string) =>
  message.replace(/[0-9a-f]{8}…/, '1a2b3c4d…').replace(/with the key [0-9a-f]{8}/, 'with the key 5e6f7a8b');

const sources = globSync('src/**/*.ts').map((file) => readFileSync(file, 'utf8'));

/** All but the base class, which is thrown by none. */
const classes = Object.keys(errorClasses).filter((name) => name.endsWith('Error') && !['databaseError', 'SessionError'].includes(name));

describe('docs/errors.md', () => {
  let database: SessionsDatabase;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open('sqlite', 'errors_page');
  });
  afterAll(() => database.close());

  it('has every class', () => {
    expect(Object.keys(provocations(database)).concat('SmartSessionConfigError').toSorted()).toEqual(classes.toSorted());
    expect(classes.filter((name) => !sections.has(name))).toEqual([]);
  });

  it.each(classes.filter((name) => name !== 'SmartSessionConfigError'))('%s has these messages, and this answer', async (name) => {
    const errors: Error[] = [];
    for (const way of provocations(database)[name]!) errors.push(await provoke(way));
    expect(errors.map((error) => [error.name, steady(error.message)])).toEqual(messagesIn(name).map((message) => [name, message]));
    for (const error of errors) expect(error).toBeInstanceOf(library.SessionError);
    const [error] = errors;
    if (error instanceof HttpException) expect(sectionOf(name)).toContain(`Answered with \`${error.getStatus()}\``);
  });

  describe('SmartSessionConfigError', () => {
    const rows = [...sectionOf('SmartSessionConfigError').matchAll(/^\| `(\w+)` \| `(.+?)` \| ``(.+?)`` \|$/gm)].map(
      ([, ...cells]) => cells as [string, string, string],
    );

    it.each(rows)('of %s, given %s', async (option, given, message) => {
      const error = await provoke(() => makeOptions(given));
      expect(error).toBeInstanceOf(library.SessionError);
      const [beginning, end] = `SmartSessionModule: option \`${option}\`: ${message.trim()}`.split('…');
      expect(end === undefined ? error.message : error.message.slice(0, beginning!.length)).toBe(beginning);
    });

    it('has a row for every option', async () => {
      const { message } = await provoke(() => makeOptions('{ maxage: 1 }'));
      const options = /The options are (.*)\./.exec(message)![1]!.split(', ');
      expect(options.filter((option) => !rows.some(([shown]) => shown === option))).toEqual([]);
    });

    it('has these messages at the start of an app', async () => {
      const errors: Error[] = [];
      for (const way of [...startProvocations, ...unfitForTransactions(database)]) errors.push(await provoke(way));
      const [brokenDriver, missingDriver, brokenTelemetry, missingTelemetry, ...shown] = messagesIn('SmartSessionConfigError').toReversed();
      expect(errors.map(({ message }) => message)).toEqual(shown.toReversed());
      // All packages are installed here. test/integration/driver-packages.test.ts hides some from a process.
      for (const message of [brokenDriver, missingDriver, brokenTelemetry, missingTelemetry]) {
        const [, given, advice] = /option `\w+`: (.*?)\. ((?:Install|Fix) .*)$/.exec(message!)!;
        expect([given, advice].map((part) => isMadeBy(sources.join('\n'), part!))).toEqual([true, true]);
      }
    });
  });

  it('has the mistakes in code', () => {
    const source = sources.join('\n');
    expect(messagesIn('Other errors').filter((message) => !isMadeBy(source, message))).toEqual([]);
    const thrown = [...source.matchAll(/new (?:Error|TypeError)\(([`'].+?[`'])\)/g)].map(([, text]) => text!);
    expect(thrown.length).toBeGreaterThan(3);
  });

  describe('the lines of the log', () => {
    const lines = [...sectionOf('Log lines').matchAll(/^\| (\w+) \| (?:``` (.+?) ```|``(.+?)``) \|/gm)].map(
      ([, level, long, short]) => [level!, (long ?? short)!] as const,
    );
    const calls = sources.flatMap((source) =>
      [...source.matchAll(/ogger\.(log|warn|error|debug)\((`[^`]*`|"[^"]*"|'[^']*')/g)].map(([, level, text]) => [level!, text!] as const),
    );

    it.each(calls)('has the %s %s', (level, text) => {
      expect(lines.filter(([shown, line]) => shown === level && patternOf(text).test(line))).not.toEqual([]);
    });

    it('has the warnings of the start', () => {
      process.env.NODE_ENV = 'production';
      const warnings = warningsOf({ name: 'sid', cookie: { httpOnly: false, secure: false, sameSite: false }, hashIds: false });
      process.env.NODE_ENV = 'test';
      expect(warnings).toHaveLength(2);
      expect(lines.map(([, line]) => line)).toEqual(expect.arrayContaining(warnings));
    });

    it('has no other', () => {
      const source = sources.join('\n');
      const isOurs = (line: string) =>
        isMadeBy(source, line) || line.startsWith('The session cookie is not safe') || line.startsWith('POST ');
      expect(lines.filter(([, line]) => !isOurs(line))).toEqual([]);
    });
  });
});

/** Whether one of the texts in a source could be this message. */
function isMadeBy(source: string, message: string): boolean {
  const texts = [...source.matchAll(/`(?:[^`\\]|\\.)*`|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g)]
    .map(([text]) => text)
    .filter((text) => text.length > 25);
  return texts.some((text) => patternOf(text).test(message));
}

/** What a string or template of a source can become. */
function patternOf(text: string): RegExp {
  const parts = text
    .slice(1, -1)
    .split(/\$\{[^}]*\}/)
    .map((part) => part.replaceAll('\\', '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

/** Makes options that are given as JavaScript. */
function makeOptions(given: string): unknown {
  const { NODE_ENV } = process.env;
  if (given.endsWith(' in production')) process.env.NODE_ENV = 'production';
  try {
    const options = Function(
      ...Object.keys(library),
      `return (${given.replace(/ in production$/, '')});`,
    )(...Object.values(library)) as object;
    return new library.SmartSessionOptions({ secret: 'x', ...options });
  } finally {
    process.env.NODE_ENV = NODE_ENV;
  }
}

async function provoke(way: () => unknown): Promise<Error> {
  try {
    await way();
  } catch (error) {
    return error as Error;
  }
  throw new Error(`Nothing went wrong: ${String(way)}`);
}
