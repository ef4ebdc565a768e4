import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CONNECTIONS, DATABASES } from '../support/databases.js';
import { onPostgres } from '../support/on-postgres.js';
import { WatchSite } from '../support/watch-site.js';

/** One database, because `npm run test:watches` has them all. */
const DIALECT = DATABASES.includes('postgresql') ? 'postgresql' : 'sqlite';

describe(`watches in two processes, on ${DIALECT}`, () => {
  const tableName = `watch_processes_${process.pid}`;
  const directory = mkdtempSync(join(tmpdir(), 'watches-'));
  let site: WatchSite;

  beforeAll(async () => {
    const { driver: _, ...server } = CONNECTIONS[DIALECT];
    const connection = DIALECT === 'sqlite' ? { dbName: join(directory, 'sessions.db') } : server;
    site = await WatchSite.start(2, { dialect: DIALECT, connection }, tableName, { interval: 100, grace: 1500, notify: true });
  });
  afterAll(async () => {
    await site.stop();
    rmSync(directory, { recursive: true });
    if (DIALECT === 'postgresql') await onPostgres((run) => run(`drop table ${tableName}, ${tableName}_leases`));
  });

  it('end when the first process destroys their sessions, also while the second one is paused', async () => {
    const ids = Array.from({ length: 6 }, () => randomUUID());
    await site.watch(ids, 5);
    const [running, paused, ...left] = ids;
    await site.destroy(running!);
    expect(new Set((await site.ends(10)).map(({ id }) => id))).toEqual(new Set([running]));
    const [, second] = site.processes;
    second!.signal('SIGSTOP');
    await site.destroy(paused!);
    // Longer than the grace.
    await sleep(1700);
    second!.signal('SIGCONT');
    const ends = await site.ends(20);
    expect(ends.filter(({ id }) => id === paused)).toHaveLength(10);
    expect(new Set(ends.map(({ reason }) => reason))).toEqual(new Set(['ended']));
    expect((await second!.ask({ do: 'live' })).live).toBe(5 * left.length);
  });
});
