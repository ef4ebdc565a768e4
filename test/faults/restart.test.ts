import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnPostgresql } from '../support/own-postgresql.js';
import { FaultSite, SERVERS, SITES, SOUND, report } from '../support/fault-site.js';

describe.each(SITES)('processes of the app, ended and started again under load, on %s', (dialect) => {
  let site: FaultSite;

  beforeAll(async () => {
    site = await FaultSite.open(dialect);
  }, 60_000);
  afterEach(() => site.endApps(), 20_000);
  afterAll(() => site.close(), 20_000);

  it('F15: loses nothing when processes are killed', async () => {
    await site.startApps(2);
    const load = await site.startLoad();
    for (const n of [0, 1, 0]) {
      await load.progress(150);
      await site.apps[n]!.end('SIGKILL');
      await load.progress(50);
      await site.apps[n]!.restart();
    }
    await load.progress(150);
    expect(await site.conclude(load, 'SIGKILL of the app, 3 times')).toEqual(SOUND);
    expect(load.refused).toBe(0);
  }, 60_000);

  it('F16: commits whole what a client has asked for that is gone by then', async () => {
    await site.startApps(1);
    const { url } = site.apps[0]!;
    const first = await fetch(`${url}/keys/start`, { method: 'POST' });
    const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!;
    const goAway = (n: number) =>
      fetch(`${url}/keys/gone${n}?delay=200`, { method: 'POST', headers: { cookie }, signal: AbortSignal.timeout(100) });
    const answers = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => goAway(n)));
    await sleep(500);
    const session = (await (await fetch(`${url}/session`, { headers: { cookie } })).json()) as object;
    const unanswered = answers.filter(({ status }) => status === 'rejected').length;
    const kept = Object.keys(session).filter((key) => key.startsWith('gone')).length;
    report(dialect, 'clients gone', { unanswered, kept });
    expect({ unanswered, kept, errors: site.apps[0]!.errors }).toEqual({ unanswered: 20, kept: 20, errors: '' });
  }, 60_000);

  it('SIGTERM: answers what it has begun, stops pruning, closes its connections and ends', async () => {
    await site.startApps(1, { options: { pruneInterval: 5 } });
    const load = await site.startLoad({ suffix: '?delay=100' });
    await load.progress(50);
    // Long enough under way to have been let in.
    const begun = load.underWay(50);
    const signalled = performance.now();
    await site.apps[0]!.end('SIGTERM');
    const ms = Math.round(performance.now() - signalled);
    await load.stop();
    expect(begun.length).toBeGreaterThan(0);
    expect(begun.filter((key) => !load.isAcknowledged(key))).toEqual([]);
    if (dialect !== 'sqlite') expect(await site.run(async (run) => Number((await run(CONNECTIONS[dialect])).rows[0]?.n))).toBe(0);
    await site.apps[0]!.restart();
    expect(await site.conclude(load, `SIGTERM of the app, ended after ${ms} ms`)).toEqual(SOUND);
    expect(load.refused).toBe(0);
    expect(ms).toBeLessThan(3000);
  }, 60_000);
});

describe.each(SERVERS)('the database, or connections to it, ended under load, on %s', (dialect) => {
  let site: FaultSite;

  beforeAll(async () => {
    site = await FaultSite.open(dialect);
  }, 60_000);
  afterEach(() => site.endApps(), 20_000);
  afterAll(() => site.close(), 20_000);

  it('F6: answers 503 while the database is gone, and goes on without a restart', async () => {
    await site.startApps(2);
    const load = await site.startLoad();
    await load.progress(200);
    await site.server.crash();
    await sleep(500);
    const { refused } = load;
    const started = performance.now();
    await site.server.start();
    const up = performance.now();
    await load.progress(1);
    const recovery = Math.round(performance.now() - up);
    await load.progress(200);
    expect(refused).toBeGreaterThan(0);
    expect(
      await site.conclude(load, `the database crashed, started again in ${Math.round(up - started)} ms, first answer ${recovery} ms later`),
    ).toEqual(SOUND);
    expect(load.other).toEqual({});
    expect(load.unanswered).toBe(0);
  }, 60_000);

  it('F4: loses nothing when connections are killed one by one', async () => {
    await site.startApps(2);
    const load = await site.startLoad();
    const killed = await site.run(async (run) => {
      let count = 0;
      for (; count < 40;) {
        const { rows } = await run(VICTIM[dialect]);
        for (const { id } of rows)
          count += await run(dialect === 'postgresql' ? `select pg_terminate_backend(${id})` : `kill connection ${id}`).then(
            () => 1,
            () => 0,
          );
        await sleep(25);
      }
      return count;
    });
    await load.progress(100);
    expect(await site.conclude(load, `${killed} connections killed`)).toEqual(SOUND);
    expect({ unanswered: load.unanswered, ...load.other }).toEqual({ unanswered: 0 });
  }, 60_000);

  if (dialect === 'postgresql') {
    it('F5: goes on when a process of the server is killed, which ends all connections', async () => {
      await site.startApps(2);
      const load = await site.startLoad();
      await load.progress(200);
      const [victim] = await site.run(async (run) => (await run(VICTIM.postgresql)).rows);
      (site.server as OwnPostgresql).killBackend(Number(victim!.id));
      await load.progress(400);
      expect(await site.conclude(load, 'a backend killed')).toEqual(SOUND);
      expect({ unanswered: load.unanswered, ...load.other }).toEqual({ unanswered: 0 });
    }, 60_000);
  }
});

/** How many connections there are, but for the one that asks. */
const CONNECTIONS: Record<(typeof SERVERS)[number], string> = {
  postgresql: "select count(*) as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
  mariadb: "select count(*) as n from information_schema.processlist where user = 'test' and id <> connection_id()",
};

/** One of the app's connections. */
const VICTIM: Record<(typeof SERVERS)[number], string> = {
  postgresql:
    "select pid as id from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by random() limit 1",
  mariadb: "select id from information_schema.processlist where user = 'test' and id <> connection_id() order by rand() limit 1",
};
