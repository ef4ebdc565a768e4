import { readFileSync } from 'node:fs';
import { SmartSessionConfigError, SmartSessionOptions } from '../../src/index.js';
import { UNSUPPORTED_OPTIONS } from '../../src/options/unsupported-options.js';
import { isOption } from '../../src/options/smart-session.options.js';
import { readPage } from '../support/markdown.js';

const page = readPage('docs/moving-in.md').text;

/** Each package's rows: an option of it, and what stands beside it. */
const PACKAGES = new Map(
  page
    .slice(page.indexOf('## Each option'))
    .split('### ')
    .slice(1)
    .map((section) => [
      section.split('\n')[0]!,
      [...section.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, option, text]) => [option!, text!] as const),
    ]),
);

const rows = [...PACKAGES].flatMap(([name, options]) => options.map(([option, text]) => [name, option, text] as const));

/** How the source of each package names its options. Those that are not installed here are listed as they were read. */
const READ: Record<string, () => Iterable<string>> = {
  'express-session': () => found('express-session/index.js', /@param \{.*\} \[options\.(\w+)/g),
  'connect-pg-simple': () => found('connect-pg-simple/index.js', /@property \{.*\} \[(\w+)\]/g),
  'express-mysql-session': () => {
    const source = read('express-mysql-session/index.js');
    const [, defaults] = /defaultOptions = \{(.*?)\n\t\};/s.exec(source)!;
    const [, connection] = /let mysqlOptions = \{\};\s*\[(.*?)\]/s.exec(source)!;
    return [...matches(defaults!, /^\t\t(\w+):/gm), ...matches(connection!, /'(\w+)'/g)];
  },
  'connect-session-knex': () =>
    matches(/interface Options \{(.*?)\n\}/s.exec(read('connect-session-knex/dist/index.d.ts'))![1]!, /^ {4}(\w+):/gm),
  'better-sqlite3-session-store': () => found('better-sqlite3-session-store/src/index.js', /options\.(\w+)/g),
  'connect-redis': () =>
    matches(/interface RedisStoreOptions \{(.*?)\n\}/s.exec(read('connect-redis/dist/index.d.ts'))![1]!, /^ {4}(\w+)\??:/gm),
  // connect-mongo 6.0.0, ConnectMongoOptions
  'connect-mongo': () =>
    'mongoUrl clientPromise client collectionName mongoOptions dbName ttl touchAfter stringify createAutoRemoveIdx autoRemove autoRemoveInterval serialize unserialize writeOperationOptions transformId crypto cryptoAdapter timestamps'.split(
      ' ',
    ),
  // memorystore 1.6.8, MemoryStoreOptions
  memorystore: () => 'checkPeriod max ttl dispose stale noDisposeOnSet serializer'.split(' '),
};

function read(file: string): string {
  return readFileSync(`node_modules/${file}`, 'utf8');
}

function found(file: string, pattern: RegExp): string[] {
  return matches(read(file), pattern);
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => name!);
}

describe('docs/moving-in.md', () => {
  it('has the seven stores, and express-session', () => {
    expect([...PACKAGES.keys()]).toEqual(Object.keys(READ));
  });

  it.each(Object.entries(READ))('has every option of %s, and no other', (name, options) => {
    expect(
      PACKAGES.get(name)!
        .map(([option]) => option)
        .toSorted(),
    ).toEqual([...new Set(options())].toSorted());
  });

  it.each(rows)('%s: `%s` is answered as it says', (_name, option, text) => {
    if (isOption(option)) {
      expect(text).toMatch(/^The same/);
      return;
    }
    const start = () => new SmartSessionOptions({ secret: 'x', [option]: undefined });
    expect(start).toThrow(SmartSessionConfigError);
    expect(start).toThrow(`SmartSessionModule: option \`${option}\`: there is no such option. ${text}`);
  });

  it('has every option that a message knows', () => {
    expect(Object.keys(UNSUPPORTED_OPTIONS).toSorted()).toEqual(
      [...new Set(rows.map(([, option]) => option).filter((option) => !isOption(option)))].toSorted(),
    );
  });

  it.each(Object.entries(UNSUPPORTED_OPTIONS))('names what is there in place of `%s`', (_option, advice) => {
    const [, used] = /^Use `(\w+)/.exec(advice) ?? /into `(\w+)/.exec(advice) ?? [];
    if (used === undefined) expect(advice).toMatch(/^Leave it out: /);
    else expect(isOption(used)).toBe(true);
  });
});
