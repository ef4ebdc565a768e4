import { lifetimeOf } from '../../src/records/lifetime.js';
import { readPage } from '../support/markdown.js';

const UNITS: Record<string, number> = { s: 1000, minute: 60_000, minutes: 60_000, day: 86_400_000 };

/** A time of the page, in ms. */
function msOf(text: string): number {
  if (text === '0' || text === 'each request') return 0;
  const [n, unit] = text.split(' ');
  return Number(n) * UNITS[unit!]!;
}

const [, section] = readPage('docs/setup.md').text.split('## How long a session lives');
const rows = [...section!.split('\n## ')[0]!.matchAll(/^\| (\d.*?) \| (.*?) \| (.*?) \|/gm)].map(
  ([, ...cells]) => cells as [string, string, string],
);

describe('how often an expiry is moved', () => {
  it.each(rows)('a ttl of %s and a touchAfter of %s: at most once in %s', (ttl, touchAfter, interval) => {
    expect(lifetimeOf(null, { ttl: msOf(ttl), touchAfter: msOf(touchAfter) }, false)).toEqual({
      ms: msOf(ttl),
      slack: msOf(interval),
      explicit: false,
    });
  });

  it('goes by the max age of a cookie that has one', () => {
    expect(lifetimeOf(30_000, { ttl: 86_400_000, touchAfter: 60_000 }, false)).toMatchObject({ ms: 30_000, slack: 3000 });
  });

  it('has the rows of the page', () => {
    expect(rows.length).toBeGreaterThan(3);
  });
});
