import { setTimeout as sleep } from 'node:timers/promises';
import { onDatabase } from '../../support/own-server.js';
import type { PatroniMember } from '../../support/patroni/patroni-member.js';
import { HAS_FAKETIME } from '../../support/skewed-clock.js';
import { HAS_STRACE } from '../../support/slow-disk.js';
import { ANSWERS, BEYOND_LOCK, type Strike } from './strike.js';

/** Faults of clocks and disks. */
export const MACHINE_FAULTS: Readonly<Record<string, Strike>> = {
  ...(HAS_FAKETIME && { "the primary's clock 5 minutes ahead": moving(5), "the primary's clock 5 minutes behind": moving(-5) }),
  ...(HAS_STRACE && {
    "each sync of the primary's disk takes 200 ms longer": async (cluster, progress) => {
      const recover = await (await cluster.primary()).slowDiskDown(200);
      await progress.answered(ANSWERS);
      await recover();
    },
  }),
};

function moving(minutes: number): Strike {
  return async (cluster, progress) => {
    const primary = await cluster.primary();
    primary.clock!.move(`${minutes < 0 ? '' : '+'}${minutes}m`);
    while (Math.round((await minutesAhead(primary)) - minutes) !== 0) await sleep(100);
    await sleep(BEYOND_LOCK);
    await progress.answered(ANSWERS);
    primary.clock!.move('+0');
  };
}

/** How far the clock of a server is ahead of this process's. */
function minutesAhead({ address }: PatroniMember): Promise<number> {
  return onDatabase('postgresql', address, async (run) => {
    const { rows } = await run('select extract(epoch from clock_timestamp()) as seconds');
    return (Number(rows[0]!.seconds) - Date.now() / 1000) / 60;
  });
}
