import { setTimeout as sleep } from 'node:timers/promises';
import { AliveWatch } from '../support/alive-watch.js';
import { FaultSite, SERVERS, SOUND } from '../support/fault-site.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** How long a load or a commit may take, in ms. */
const TIMEOUT = 2000;
const POOL = { pool: { min: 0, max: 4 } };

describe.each(SERVERS)('the network between the app and its database, on %s', (dialect) => {
  let site: FaultSite;
  let proxy: TcpProxy;

  beforeAll(async () => {
    site = await FaultSite.open(dialect);
  }, 60_000);
  beforeEach(async () => {
    proxy = await TcpProxy.start(site.server.address as { host: string; port: number });
    await site.startApps(2, { through: () => proxy.address, connection: POOL, options: { timeout: TIMEOUT } });
  }, 30_000);
  afterEach(async () => {
    await proxy.close();
    await site.endApps();
  }, 20_000);
  afterAll(() => site.close(), 20_000);

  it('F13: answers 503 in time when the database takes 5 seconds, and what needs no session at once', async () => {
    const load = await site.startLoad();
    await load.progress(100);
    proxy.delay = 5000;
    const watch = new AliveWatch(site.apps[0]!.url);
    await sleep(3 * TIMEOUT);
    proxy.delay = 0;
    const alive = await watch.stop();
    await load.progress(200);
    expect(await site.conclude(load, `answers take 5 s; without a session ${alive} ms`)).toEqual(SOUND);
    expect({ unanswered: load.unanswered, ...load.other }).toEqual({ unanswered: 0 });
    expect(load.refused).toBeGreaterThan(0);
    // A load, and a commit after it, have the time each.
    expect(load.slowest).toBeLessThan(2 * TIMEOUT + 1000);
    expect(alive).toBeLessThan(500);
  }, 60_000);

  it('F14: goes on after a black hole, on new connections', async () => {
    const load = await site.startLoad();
    await load.progress(100);
    proxy.openBlackHole();
    const watch = new AliveWatch(site.apps[0]!.url);
    await sleep(1.5 * TIMEOUT);
    proxy.closeBlackHole();
    const closed = performance.now();
    await load.progress(1);
    const recovery = Math.round(performance.now() - closed);
    const alive = await watch.stop();
    await load.progress(200);
    expect(
      await site.conclude(load, `black hole of ${1.5 * TIMEOUT} ms, first answer ${recovery} ms after it; without a session ${alive} ms`),
    ).toEqual(SOUND);
    expect({ unanswered: load.unanswered, ...load.other }).toEqual({ unanswered: 0 });
    // Far from the quarter of an hour after which an operating system gives a connection up.
    expect(load.slowest).toBeLessThan(2 * TIMEOUT + 5000);
    expect(recovery).toBeLessThan(TIMEOUT + 5000);
  }, 60_000);

  it.each(['cut before', 'cut after'] as const)(
    'F8 AtMostOnce: an update whose connection is %s the server has it',
    async (passage) => {
      const load = await site.startLoad();
      let updates = 0;
      let cut = 0;
      proxy.judge = (sent) => {
        if (!/update ["`(]/.test(sent.toString('latin1')) || updates++ % 10 !== 0) return 'forward';
        cut++;
        return passage;
      };
      await load.progress(500);
      proxy.judge = () => 'forward';
      expect(await site.conclude(load, `${cut} updates ${passage} the server had them`)).toEqual(SOUND);
      expect(cut).toBeGreaterThan(5);
      expect({ unanswered: load.unanswered, ...load.other }).toEqual({ unanswered: 0 });
    },
    60_000,
  );
});
