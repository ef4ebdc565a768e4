import { setTimeout as sleep } from 'node:timers/promises';
import { ANSWERS, BEYOND_LOCK, type Strike } from './strike.js';

/** Faults of processes. */
export const PROCESS_FAULTS: Readonly<Record<string, Strike>> = {
  'no fault': async (_, progress) => {
    await progress.answered(2 * ANSWERS);
  },
  'the primary killed': async (cluster, progress) => {
    const primary = await cluster.primary();
    await primary.crash();
    await progress.answered(ANSWERS);
    await primary.start();
  },
  'PostgreSQL of the primary killed': async (cluster, progress) => {
    (await cluster.primary()).signalPostgresql('SIGKILL');
    await progress.answered(ANSWERS);
  },
  'Patroni of the primary killed': async (cluster, progress) => {
    const primary = await cluster.primary();
    primary.signalPatroni('SIGKILL');
    await sleep(BEYOND_LOCK);
    await progress.answered(ANSWERS);
    await primary.start();
  },
  'a switchover to the standby': async (cluster, progress) => {
    await (await cluster.primary()).switchOver();
    await progress.answered(ANSWERS);
  },
  'the primary paused': async (cluster, progress) => {
    const primary = await cluster.primary();
    primary.pause();
    await sleep(BEYOND_LOCK);
    await progress.answered(ANSWERS);
    primary.resume();
  },
  'PostgreSQL of the primary paused': async (cluster, progress) => {
    const primary = await cluster.primary();
    primary.signalPostgresql('SIGSTOP');
    await sleep(BEYOND_LOCK);
    primary.signalPostgresql('SIGCONT');
    await progress.answered(ANSWERS);
  },
  'Patroni of the primary paused': async (cluster, progress) => {
    const primary = await cluster.primary();
    primary.signalPatroni('SIGSTOP');
    await sleep(BEYOND_LOCK);
    await progress.answered(ANSWERS);
    primary.signalPatroni('SIGCONT');
  },
  'one of three etcd servers killed': async ({ etcd }, progress) => {
    await etcd[0]!.crash();
    await progress.answered(ANSWERS);
    await sleep(BEYOND_LOCK);
    etcd[0]!.start();
  },
  'two of three etcd servers killed': async ({ etcd }, progress) => {
    await Promise.all([etcd[0]!.crash(), etcd[1]!.crash()]);
    await sleep(BEYOND_LOCK);
    etcd[0]!.start();
    etcd[1]!.start();
    await progress.answered(ANSWERS);
  },
  'a rolling restart': async (cluster, progress) => {
    const primary = await cluster.primary();
    for (const member of cluster.members.toSorted((a, b) => Number(a === primary) - Number(b === primary))) {
      await member.stop();
      await member.start();
      while (!(await cluster.isSettled())) await sleep(200);
      await progress.answered(ANSWERS);
    }
  },
  'the synchronous standby killed': async (cluster, progress) => {
    const standby = await cluster.standby();
    await standby.crash();
    await progress.answered(ANSWERS);
    await standby.start();
  },
  'both standbys killed': async (cluster, progress) => {
    const primary = await cluster.primary();
    const standbys = cluster.members.filter((member) => member !== primary);
    await Promise.all(standbys.map((member) => member.crash()));
    await sleep(BEYOND_LOCK);
    await Promise.all(standbys.map((member) => member.start()));
    await progress.answered(ANSWERS);
  },
};
