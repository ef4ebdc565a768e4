import { Logger } from '@nestjs/common';
import { SmartSessionOptions } from '../../../src/index.js';
import { OptionsFile, cli } from '../../support/cli.js';
import { SessionsApp, sessionIdOf } from '../../support/sessions-app.js';
import { protocolOf } from '../../support/protocol-of.js';

/** What a terminal obeys, or shows nothing of. */
const CHARACTERS: readonly (readonly [name: string, character: string])[] = [
  ['NUL', '\0'],
  ['BEL', '\u0007'],
  ['a line feed', '\n'],
  ['a carriage return', '\r'],
  ['ESC', '\u001b'],
  ['DEL', '\u007f'],
  ['NEL', '\u0085'],
  ['CSI, of C1', '\u009b'],
  ['a soft hyphen', '\u00ad'],
  ['an Arabic letter mark', '\u061c'],
  ['a zero width space', '\u200b'],
  ['a right-to-left mark', '\u200f'],
  ['a line separator', '\u2028'],
  ['a paragraph separator', '\u2029'],
  ['a right-to-left override', '\u202e'],
  ['a right-to-left isolate', '\u2067'],
  ['a byte order mark', '\ufeff'],
  ['an annotation anchor', '\ufff9'],
  ['half a surrogate pair', '\ud800'],
  ['a tag of plane 14', '\u{e0041}'],
];

describe('control characters and invisible characters are escaped', () => {
  let app: SessionsApp;
  let file: OptionsFile;
  let thrown: string;
  const logged: string[] = [];

  beforeAll(async () => {
    file = await OptionsFile.write('sqlite', 'unseen');
    const events = {
      emit: () => {
        throw new Error(thrown);
      },
    };
    const record = (...parts: unknown[]) => void logged.push(...parts.map(String).filter((part) => part !== 'SmartSession'));
    app = await SessionsApp.start('sqlite', { ...file.options, events, createTable: true });
    Logger.overrideLogger({ log: record, error: record, warn: record, debug: record });
  });
  afterAll(async () => {
    Logger.overrideLogger(false);
    await app.close();
    await file.remove();
  });

  /** Fails where a text has the character, or none of its escape. */
  const seesIn = (text: string, character: string) => {
    expect(text.includes(character)).toBe(false);
    expect(text).toMatch(/\bx\\(?:u[0-9a-f]{4}|[nrbft])/);
  };

  it.each(CHARACTERS)('%s, in log lines and stacks', async (_name, character) => {
    thrown = `x${character}y`;
    const id = sessionIdOf(await app.browser());
    const [one, other] = [await app.sessions.load(id), await app.sessions.load(id)];
    logged.length = 0;
    await app.sessions.commit(Object.assign(one!, { a: 2 }));
    await app.sessions.commit(Object.assign(other!, { [thrown]: 1 }));
    const [merged, failed, stack] = logged as [string, string, string];
    expect(merged).toMatch(/^Record [0-9a-f]{8}…: merged "x/);
    expect(failed).toMatch(/^A listener of session\.merged failed: Error: x/);
    expect(stack).toMatch(/y\n {4}at \S/);
    for (const text of [merged, failed, stack.split('\n    at ')[0]!]) seesIn(text, character);
  });

  it.each(CHARACTERS)('%s, in errors', async (_name, character) => {
    const name = `x${character}y`;
    const refused = await protocolOf(app.sessions)
      .stored.replace('an id', { [name]: 1n })
      .catch((error: Error) => error.message);
    seesIn(String(refused), character);
    expect(() => new SmartSessionOptions({ secret: 'x', name })).toThrow(/"x\\u[0-9a-f]{4}.*y" was given/);
  });

  it.each(CHARACTERS.filter(([, character]) => character !== '\0'))('%s, and is in no SQL that is printed', async (_name, character) => {
    const name = `x${character}y`;
    for (const words of [
      ['--table', name],
      ['--table', 'sessions', '--schema', name],
    ]) {
      const { code, out, err } = await cli(['create-table', '--dialect', 'postgresql', ...words]);
      expect([code, out]).toEqual([2, '']);
      seesIn(err.replace(/\n$/, ''), character);
    }
  });

  it('a line feed, in the stack that the command line shows with DEBUG', async () => {
    process.env.DEBUG = '1';
    const { err } = await cli(['x\ny']);
    delete process.env.DEBUG;
    expect(err).toMatch(/^UsageError: "x\\u000ay" is not a command.*\n {4}at \S/);
  });

  it('each, on the command line', async () => {
    const all = CHARACTERS.map(([, character]) => character);
    // What the database can store, and a command line can have.
    const user = all
      .filter((character) => character !== '\0' && character !== '\ud800')
      .map((character) => `x${character}`)
      .join('');
    await app.browser({ user });
    const lines = [
      (await file.run(['destroy', '--user', `${user}?`], { answers: [] })).out,
      (await file.run(['list', '--user', `${user}?`])).out,
      (await file.run(['destroy', '--user', user], { answers: ['yes'] })).out.split('\n').at(-2)!,
      (await cli([all.join('x')])).err,
    ].map((line) => line.replace(/\n$/, ''));
    for (const line of lines)
      for (const character of all) expect([line.includes(character), JSON.stringify(character)]).toEqual([false, expect.anything()]);
    expect(lines.map((line) => line.match(/x\\u202e/g)?.length)).toEqual([1, 1, 1, 1]);
  });
});
