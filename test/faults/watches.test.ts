import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultSite, SITES, report } from '../support/fault-site.js';
import { WatchSite, latencies, percentile } from '../support/watch-site.js';

const INTERVAL = 1000;
const DAY = 24 * 60 * 60 * 1000;
const newIds = (count: number) => Array.from({ length: count }, () => randomUUID());

describe.each(SITES)('watches in three processes, on %s', (dialect) => {
  let database: FaultSite;
  let site: WatchSite;

  beforeAll(async () => {
    database = await FaultSite.open(dialect);
  }, 120_000);
  afterEach(() => site.stop());
  afterAll(() => database.close(), 20_000);

  const start = async (count: number, feed: object = {}) => {
    const notify = dialect === 'postgresql';
    const connection = database.server.address;
    site = await WatchSite.start(count, { dialect, connection }, `watched_${Date.now()}`, { notify, ...feed });
  };

  /** Destroys a session that all processes watch, after a fault, and returns the time until its last watch ended, in ms. */
  async function timeOfLogout(fault: () => Promise<void> = async () => {}): Promise<number> {
    const [id] = newIds(1) as [string];
    await site.watch([id]);
    const before = (await site.ends(0)).length;
    await fault();
    const at = await site.destroy(id);
    const ends = await site.ends(before + site.processes.length);
    return Math.round(latencies(new Map([[id, at]]), ends)[0]!);
  }

  it('F26: closes 500 connections of 100 sessions in time', async () => {
    await start(3);
    const ids = newIds(100);
    await site.processes[0]!.ask({ do: 'store', ids });
    for (const [n, times] of [1, 2, 2].entries()) await site.processes[n]!.ask({ do: 'watch', ids, times });
    const begun = new Map<string, number>();
    for (const id of ids) {
      begun.set(id, await site.destroy(id));
      await sleep(Math.random() * 100);
    }
    const ends = await site.ends(500);
    const times = latencies(begun, ends);
    report(dialect, 'logout to the last of 5 connections', { p50: percentile(times, 0.5), p99: percentile(times, 0.99) });
    expect(ends).toHaveLength(500);
    expect(new Set(ends.map(({ reason }) => reason))).toEqual(new Set(['ended']));
    // The poll alone takes half an interval. The 99th percentile depends on the machine's load, so it is only reported.
    expect(percentile(times, 0.5)).toBeLessThan(dialect === 'postgresql' ? INTERVAL / 4 : 2 * INTERVAL);
  }, 120_000);

  it('F27: keeps no connection of an ended session after a pause of its process (SIGSTOP)', async () => {
    await start(2, { interval: 200, grace: 2000 });
    const ids = newIds(2) as [string, string];
    await site.watch(ids);
    const [, paused] = site.processes;
    paused!.signal('SIGSTOP');
    await site.destroy(ids[0]);
    await sleep(3000);
    const resumed = performance.now();
    paused!.signal('SIGCONT');
    const ends = await site.ends(1, [paused!]);
    report(dialect, 'SIGCONT to the end of the watch', { ms: Math.round(performance.now() - resumed) });
    await sleep(1000);
    expect(ends.map(({ id, reason }) => [id, reason])).toEqual([[ids[0], 'ended']]);
    expect((await paused!.ask({ do: 'live' })).live).toBe(1);
  }, 120_000);

  it('F28: ends nothing when the clock of a process jumps', async () => {
    await start(2, { interval: 200, grace: 2000 });
    await site.watch(newIds(1));
    for (const days of [1, -1]) {
      await site.processes[1]!.ask({ do: 'jump', ms: days * DAY });
      await sleep(2500);
      expect((await site.processes[1]!.ask({ do: 'live' })).live).toBe(1);
    }
    expect(await site.ends(0)).toEqual([]);
    report(dialect, 'clock a day back, then a logout', { ms: await timeOfLogout() });
  }, 120_000);

  it.each(dialect === 'postgresql' ? [true, false] : [false])(
    'F32: tells another process of 200 changes, with notify: %s',
    async (notify) => {
      await start(2, { notify });
      const ids = newIds(200);
      await site.watch(ids, 1, true);
      // The processes may still announce what they watch.
      await sleep(INTERVAL);
      const begun = new Map<string, number>();
      for (const id of ids) {
        begun.set(id, await site.change(id));
        await sleep(Math.random() * 100);
      }
      const times = latencies(begun, await site.changes(ids.length));
      report(dialect, `change to onChange, notify: ${notify}`, { p50: percentile(times, 0.5), p99: percentile(times, 0.99) });
      expect(times).toHaveLength(ids.length);
      expect(percentile(times, 0.5)).toBeLessThan(notify ? INTERVAL / 4 : 2 * INTERVAL);
    },
    120_000,
  );

  if (dialect === 'sqlite') return;

  it('F29: outlives the loss of all connections', async () => {
    await start(3);
    await site.watch(newIds(10));
    const ms = await timeOfLogout(() => database.run(CUT[dialect]));
    report(dialect, 'connections cut, then a logout', { ms });
    expect(await site.ends(0)).toHaveLength(3);
    if (dialect === 'postgresql') {
      await sleep(2 * INTERVAL);
      report(dialect, 'a logout after LISTEN has begun again', { ms: await timeOfLogout() });
    }
  }, 120_000);

  if (dialect === 'postgresql') {
    it('F33: tells of a change by the poll if the connections of LISTEN are cut, and by notifications again afterwards', async () => {
      await start(2);
      const [id, again] = newIds(2) as [string, string];
      await site.watch([id, again], 1, true);
      await database.run(CUT.listening);
      const cut = latencies(new Map([[id, await site.change(id)]]), await site.changes(1));
      await sleep(3 * INTERVAL);
      const after = latencies(new Map([[again, await site.change(again)]]), await site.changes(2));
      report(dialect, 'LISTEN cut, then a change; and one three seconds later', { cut: Math.round(cut[0]!), after: Math.round(after[0]!) });
      expect(after[0]).toBeLessThan(INTERVAL / 2);
    }, 120_000);
  }

  it('F30: outlives a restart of the database that takes less than the grace', async () => {
    await start(3);
    await site.watch(newIds(10));
    const ms = await timeOfLogout(async () => {
      await database.server.crash();
      await sleep(1500);
      await database.server.start();
    });
    report(dialect, 'database restarted, then a logout', { ms });
    expect((await site.ends(0)).map(({ reason }) => reason)).toEqual(['ended', 'ended', 'ended']);
  }, 120_000);

  it('F31: closes every connection when the database is away for the grace', async () => {
    await start(3, { grace: 4000 });
    await site.watch(newIds(10));
    const crashed = performance.now();
    await database.server.crash();
    const ends = await site.ends(30);
    const ms = Math.round(performance.now() - crashed);
    await database.server.start();
    report(dialect, 'database away: the last connection closed', { ms });
    expect(new Set(ends.map(({ reason }) => reason))).toEqual(new Set(['unknown']));
    expect(ms).toBeGreaterThan(2000);
    expect(ms).toBeLessThan(6000);
  }, 120_000);
});

/** Ends all other connections to the database, those of LISTEN too. */
const CUT = {
  postgresql: async (run: (sql: string) => Promise<unknown>) =>
    void (await run('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null')),
  listening: async (run: (sql: string) => Promise<unknown>) =>
    void (await run("select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen smart_session%'")),
  mariadb: async (run: (sql: string) => Promise<{ readonly rows: readonly Record<string, unknown>[] }>) => {
    const { rows } = await run('select id from information_schema.processlist where id <> connection_id() and db is not null');
    for (const { id } of rows) await run(`kill connection ${Number(id)}`);
  },
};
