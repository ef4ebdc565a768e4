import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeUnless } from '../support/describe-unless.js';
import { FaultSite, SITES, SOUND } from '../support/fault-site.js';
import { OwnPostgresql } from '../support/own-postgresql.js';
import { SmallDisk } from '../support/small-disk.js';

/** The requests that must fail before there is room again. */
const REFUSALS = 200;

/** What the small disk holds, its size in MB, and the start of a server that uses it. */
const CASES = [
  {
    dialect: 'postgresql',
    what: 'the disk of its tables',
    megabytes: 120,
    open: ({ directory }: SmallDisk) => FaultSite.open('postgresql', ['max_wal_size = 2MB', 'min_wal_size = 2MB'], directory),
  },
  {
    dialect: 'postgresql',
    what: 'the disk of its log',
    megabytes: 30,
    open: async ({ directory }: SmallDisk) =>
      FaultSite.around(await OwnPostgresql.make(['max_wal_size = 1GB', 'min_wal_size = 2MB'], undefined, join(directory, 'log'))),
  },
  { dialect: 'mariadb', what: 'its disk', megabytes: 200, open: ({ directory }: SmallDisk) => FaultSite.open('mariadb', [], directory) },
  { dialect: 'sqlite', what: 'its disk', megabytes: 20, open: ({ directory }: SmallDisk) => FaultSite.open('sqlite', [], directory) },
] as const;

describeUnless(!SmallDisk.isPossible && 'only root on Linux can mount one', 'F18: a full disk', () => {
  let disk: SmallDisk;
  let site: FaultSite;

  afterEach(async () => {
    await site.close();
    disk.unmount();
  }, 20_000);

  it.each(CASES.filter(({ dialect }) => SITES.includes(dialect)))(
    '$dialect answers 503 while $what is full, loses nothing, and goes on when there is room',
    async ({ what, megabytes, open }) => {
      disk = SmallDisk.mount(megabytes);
      site = await open(disk);
      await site.startApps(2, { options: { timeout: 3000 } });
      const load = await site.startLoad({ sessions: 8, suffix: '?size=1000' });
      await load.progress(100);
      const filled = performance.now();
      while (load.refused < REFUSALS) {
        disk.fill(0);
        await sleep(50);
      }
      const seconds = ((performance.now() - filled) / 1000).toFixed(1);
      const causes = await causesOf(site);
      disk.makeRoom();
      // Without room for its log, PostgreSQL has ended.
      if (!site.server.isRunning) await site.server.start();
      await load.progress(200);
      expect(await site.conclude(load, `${what} full for ${seconds} s; errors ${causes}`)).toEqual(SOUND);
      expect({ unanswered: load.unanswered, ...load.other }).toEqual({ unanswered: 0 });
    },
    120_000,
  );
});

/** Returns the errors of the driver that the app's processes have seen, with their number. */
async function causesOf({ apps }: FaultSite): Promise<string> {
  const sum: Record<string, number> = {};
  for (const { url } of apps) {
    const causes = (await (await fetch(`${url}/causes`)).json()) as Record<string, number>;
    for (const [cause, count] of Object.entries(causes)) sum[cause] = (sum[cause] ?? 0) + count;
  }
  return Object.entries(sum)
    .map(([cause, count]) => `${cause} (${count})`)
    .join(', ');
}
