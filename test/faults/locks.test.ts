import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AliveWatch } from '../support/alive-watch.js';
import { FaultSite, SERVERS, SITES, SOUND } from '../support/fault-site.js';

const TIMEOUT = 1500;

describe.each(SERVERS)('locks that others hold, on %s', (dialect) => {
  let site: FaultSite;

  beforeAll(async () => {
    site = await FaultSite.open(dialect);
    await site.startApps(2, { connection: { pool: { min: 0, max: 4 } }, options: { timeout: TIMEOUT } });
  }, 60_000);
  afterAll(() => site.close(), 20_000);

  it('F12: answers in time while the locks of four sessions drain a pool of four, and goes on after', async () => {
    const load = await site.startLoad({ clients: 24, sessions: 12 });
    await load.progress(100);
    const watch = new AliveWatch(site.apps[0]!.url);
    await site.holding('select * from sessions order by session_id limit 4 for update', () => sleep(2 * TIMEOUT));
    const released = performance.now();
    await load.progress(1);
    const recovery = Math.round(performance.now() - released);
    const alive = await watch.stop();
    await load.progress(200);
    expect(
      await site.conclude(
        load,
        `4 sessions locked for ${2 * TIMEOUT} ms, pool of 4, first answer ${recovery} ms after; without a session ${alive} ms`,
      ),
    ).toEqual(SOUND);
    expect({ unanswered: load.unanswered, ...load.other }).toEqual({ unanswered: 0 });
    expect(load.slowest).toBeLessThan(2 * TIMEOUT + 1000);
    expect(alive).toBeLessThan(500);
  }, 60_000);
});

/** Locks the file for 300 ms, again and again. */
const WRITER = `
  const database = new (require('better-sqlite3'))(process.argv[1]);
  const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  process.stdout.write('ready');
  for (;;) {
    database.exec('begin immediate');
    wait(300);
    database.exec('commit');
    wait(100);
  }`;

(SITES.includes('sqlite') ? describe : describe.skip)('another process that locks the file, on sqlite', () => {
  let site: FaultSite;

  beforeAll(async () => {
    site = await FaultSite.open('sqlite');
    await site.startApps(2);
  }, 60_000);
  afterAll(() => site.close(), 20_000);

  it('F11: waits its turn without holding the event loop up', async () => {
    const load = await site.startLoad();
    await load.progress(100);
    const writer = spawn(process.execPath, ['-e', WRITER, site.server.address.dbName], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(writer.stdout, 'data');
    const watch = new AliveWatch(site.apps[0]!.url);
    await load.progress(500);
    const alive = await watch.stop();
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    expect(await site.conclude(load, `the file locked for 300 of 400 ms; without a session ${alive} ms`)).toEqual(SOUND);
    expect({ unanswered: load.unanswered, ...load.other }).toEqual({ unanswered: 0 });
    expect(alive).toBeLessThan(500);
  }, 60_000);
});
