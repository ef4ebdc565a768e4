import { setTimeout as sleep } from 'node:timers/promises';
import { onDatabase } from '../own-server.js';

/** How often the standbys are asked, and the pause between, in ms. */
const [TRIES, PAUSE] = [10, 100];

/** Whether so many standbys soon have everything that the primary has written until now. */
export function hasFollowers(primary: object, count: number): Promise<boolean> {
  return onDatabase('postgresql', primary, async (run) => {
    const { rows } = await run('select pg_current_wal_lsn()::text as written');
    for (let n = 0; n < TRIES; n++) {
      const following = "select 1 from pg_stat_replication where state = 'streaming' and replay_lsn >= cast($1 as pg_lsn)";
      if ((await run(following, [rows[0]!.written])).rows.length === count) return true;
      await sleep(PAUSE);
    }
    return false;
  });
}
