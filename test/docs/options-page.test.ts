import { globSync, readFileSync } from 'node:fs';
import { SmartSessionOptions, type Transport } from '../../src/index.js';
import { flawIn, isOption } from '../../src/options/smart-session.options.js';
import { readPage } from '../support/markdown.js';

type Option = Parameters<typeof flawIn>[0];

/** The rows of the page's tables: an option, what stands under "default", and under "error if wrong". */
const rows = [...readPage('docs/options.md').text.matchAll(/^\| `(\w+)` \| (?:[^|]+) \| ([^|]+) \| (?:[^|]+) \| ([^|]+) \|$/gm)].map(
  ([, option, given, advice]) => [option as Option, given!, advice!] as const,
);

/** The members of the type that an app fills in. */
const source = globSync('src/**/*.ts')
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');
const [, declaration] = /^export interface SmartSessionModuleOptions \{\n(.*?)^\}/ms.exec(source)!;
const declared = [...declaration!.matchAll(/^ {2}(\w+)\?:/gm)].map(([, option]) => option!);

/** A default as code, such as `86_400_000` in "`86_400_000` (1 day)"; undefined for words. */
const codeOf = (cell: string) => /^`([^`]+)`/.exec(cell)?.[1];

/** A resolved option in the form in which it is given. */
function givenForm(option: Option, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (option === 'transport') return (value as Transport).takesCookies ? 'cookie' : value;
  return option === 'secret' ? (value as readonly unknown[])[0] : value;
}

describe('docs/options.md', () => {
  const { SESSION_SECRET } = process.env;

  beforeAll(() => (process.env.SESSION_SECRET = 'of the environment'));
  afterAll(() => {
    if (SESSION_SECRET === undefined) delete process.env.SESSION_SECRET;
    else process.env.SESSION_SECRET = SESSION_SECRET;
  });

  it('has every option once, and no other', () => {
    const options = rows.map(([option]) => option);
    expect(declared.length).toBeGreaterThan(30);
    expect(options.toSorted()).toEqual(declared.toSorted());
    expect(options.filter((option) => !isOption(option))).toEqual([]);
  });

  it.each(rows)('`%s` has the default %s', (option, given) => {
    const code = codeOf(given);
    const shown: unknown = code && Function(`return (${code});`)();
    expect(givenForm(option, new SmartSessionOptions({})[option])).toEqual(shown);
  });

  it.each(rows)('`%s`, by default %s, is refused with "%s"', (option, _given, advice) => {
    expect(flawIn(option, Number.NaN)).toBe(advice);
  });
});
