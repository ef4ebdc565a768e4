import { setTimeout as sleep } from 'node:timers/promises';
import { FaultSite, SERVERS, SITES, report } from '../support/fault-site.js';
import { HAS_FAKETIME, withClock } from '../support/skewed-clock.js';

const CLOCKS = ['+0', '+5m', '-5m'];

/** Makes a session, and gives its cookie. */
async function begin(url: string): Promise<string> {
  const response = await fetch(`${url}/keys/start`, { method: 'POST' });
  return response.headers.getSetCookie()[0]!.split(';')[0]!;
}

/** Whether the session is there. */
async function isLive(url: string, cookie: string): Promise<boolean> {
  const session = (await (await fetch(`${url}/session`, { headers: { cookie } })).json()) as object;
  return 'start' in session;
}

// SQLite's clock is the process's own.
(HAS_FAKETIME ? describe : describe.skip).each(SERVERS)('F17 Lifetime: processes whose clocks are 5 minutes off, on %s', (dialect) => {
  const TTL = 3000;
  let site: FaultSite;

  beforeAll(async () => {
    site = await FaultSite.open(dialect);
    await site.startApps(CLOCKS.length, { launcher: (n) => withClock(CLOCKS[n]!), options: { ttl: TTL, pruneInterval: 50 } });
  }, 90_000);
  afterAll(() => site.close(), 20_000);

  it("refuses no live session, and accepts no expired one: the database's clock decides", async () => {
    const urls = site.apps.map(({ url }) => url);
    const clocks = await Promise.all(urls.map(async (url) => Date.parse((await fetch(`${url}/alive`)).headers.get('date')!)));
    expect(Math.round((clocks[1]! - clocks[2]!) / 60_000)).toBe(10);
    const seenBy = (cookies: string[]) => Promise.all(cookies.flatMap((cookie) => urls.map((url) => isLive(url, cookie))));

    const cookies = await Promise.all(urls.map(begin));
    const wronglyExpired = (await seenBy(cookies)).filter((live) => !live).length;
    await sleep(TTL + 500);
    const wronglyAlive = (await seenBy(cookies)).filter((live) => live).length;
    report(dialect, `clocks off by 5 minutes, ${cookies.length * urls.length} looks`, { wronglyExpired, wronglyAlive });
    expect({ wronglyExpired, wronglyAlive }).toEqual({ wronglyExpired: 0, wronglyAlive: 0 });
  }, 30_000);
});

describe.each(SITES)('F23 Lifetime: pruning all the time while clients touch their sessions, on %s', (dialect) => {
  const TTL = 2000;
  const CLIENTS = 8;
  let site: FaultSite;

  beforeAll(async () => {
    site = await FaultSite.open(dialect);
    await site.startApps(2, { options: { ttl: TTL, touchAfter: 100, pruneInterval: 10 } });
  }, 60_000);
  afterAll(() => site.close(), 20_000);

  it('deletes what has expired, and nothing that lives', async () => {
    const urlOf = (n: number) => site.apps[n % 2]!.url;
    const used = await Promise.all(Array.from({ length: CLIENTS }, (_, n) => begin(urlOf(n))));
    await Promise.all(used.map((_, n) => begin(urlOf(n))));
    let looks = 0;
    let gone = 0;
    const until = performance.now() + 3 * TTL;
    await Promise.all(
      used.map(async (cookie, n) => {
        for (let round = n; performance.now() < until; round++) {
          looks++;
          if (!(await isLive(urlOf(round), cookie))) gone++;
          await sleep(100);
        }
      }),
    );
    const left = await site.run(async (run) => Number((await run('select count(*) as n from sessions')).rows[0]?.n));
    report(dialect, `${looks} looks while pruning every 10 ms`, { gone, left });
    expect({ gone, left }).toEqual({ gone: 0, left: CLIENTS });
  }, 30_000);
});
