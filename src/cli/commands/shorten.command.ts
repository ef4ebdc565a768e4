import { countLongLives, shortenLives, type LongLived } from '../../persistence/shorter-lives.js';
import { LONGEST_LIFETIME } from '../../options/longest-values.js';
import type { SmartSessionOptions } from '../../options/smart-session.options.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { withSessions } from '../open-sessions.js';
import { count, inFigures } from '../plural.js';
import { printJson } from '../print-json.js';
import { required } from '../required.js';
import { UsageError } from '../usage-error.js';

export const shorten = defineCommand({
  name: 'shorten',
  summary: 'applies a lower ttl, anonymousTtl or cookie.maxAge to the existing sessions.',
  details: [
    'Run it when the app already uses the lower values. They are read from --options. Sessions that would',
    'end later without use get the earlier end. A max age that a handler has chosen looks the same as the',
    "option's, so --max-age lowers every longer max age.",
  ],
  options: {
    'max-age': { type: 'boolean', help: 'Also lower the max age of sessions to `cookie.maxAge`.' },
    'dry-run': { type: 'boolean', help: 'Write nothing. Print how many sessions would end earlier.' },
    json: JSON_OPTION,
  },
  examples: [
    ['shorten --options dist/session-options.js', 'Applies ttl and anonymousTtl.'],
    ['shorten --options dist/session-options.js --max-age', 'Applies cookie.maxAge too.'],
    ['shorten --options dist/session-options.js --dry-run', 'Prints only the numbers of sessions.'],
  ],
  run: async ({ 'max-age': lowersMaxAge = false, 'dry-run': dryRun = false, ...given }, terminal) => {
    required('shorten', 'options', given.options);
    await withSessions(given, async ({ options, database }) => {
      const { ttl, anonymousTtl } = options;
      const maxAge = lowersMaxAge ? maxAgeOf(options) : undefined;
      const limits: Limit[] = [
        ['without-max-age', ttl],
        ['without-user', anonymousTtl],
        ['with-max-age', maxAge],
      ];
      const results: Shortened[] = [];
      for (const [which, ms] of limits) {
        if (ms === undefined) continue;
        const sessions = await (dryRun ? countLongLives : shortenLives)(database, which, Math.min(ms, LONGEST_LIFETIME));
        results.push({ which, ms, sessions });
        if (!given.json) terminal.print(shown(results.at(-1)!, dryRun));
      }
      if (given.json) printJson(terminal, results);
    });
  },
});

type Limit = readonly [which: LongLived, ms: number | undefined];

/** The number of sessions of one kind that now live for at most `ms` without use. */
interface Shortened {
  readonly which: LongLived;
  readonly ms: number;
  readonly sessions: number;
}

const KINDS: Readonly<Record<LongLived, string>> = {
  'without-max-age': 'without a max age',
  'without-user': 'without a user',
  'with-max-age': 'with a longer max age',
};

function shown({ which, ms, sessions }: Shortened, dryRun: boolean): string {
  return `${dryRun ? 'Would shorten' : 'Shortened'} ${count(sessions, 'session')} ${KINDS[which]} to ${inFigures(ms / 1000)} s without use.`;
}

function maxAgeOf({ cookie }: SmartSessionOptions): number {
  const { maxAge = undefined } = typeof cookie === 'function' ? {} : cookie;
  if (maxAge == null)
    throw new UsageError(
      'shorten: --max-age was given, but the options have no `cookie.maxAge`. Give `cookie` as an object with `maxAge` instead of a function, or omit --max-age.',
    );
  return Math.round(maxAge);
}
