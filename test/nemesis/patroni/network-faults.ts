import { setTimeout as sleep } from 'node:timers/promises';
import type { LabHost } from '../../support/lab-network.js';
import type { PatroniCluster } from '../../support/patroni/patroni-cluster.js';
import { ANSWERS, BEYOND_LOCK, type Strike } from './strike.js';

/** Faults of the network. */
export const NETWORK_FAULTS: Readonly<Record<string, Strike>> = {
  'the primary cut off from all other servers': cutting(async (cluster, primary, others) => cluster.network.partition([primary], others)),
  'all other servers hear nothing from the primary': cutting(async (cluster, primary, others) => {
    for (const other of others) await cluster.network.cut(primary, other);
  }),
  'the primary hears nothing from all other servers': cutting(async (cluster, primary, others) => {
    for (const other of others) await cluster.network.cut(other, primary);
  }),
  'the primary cut off from etcd': cutting(async (cluster, primary) => cluster.network.partition([primary], cluster.etcdHosts)),
  'the primary cut off from its synchronous standby': cutting(async (cluster, primary) =>
    cluster.network.partition([primary], [cluster.hostOf(await cluster.standby())]),
  ),
  'the synchronous standby cut off from all other servers': cutting(async (cluster) => {
    const standby = cluster.hostOf(await cluster.standby());
    await cluster.network.partition(
      [standby],
      cluster.network.hosts.filter((host) => host !== standby),
    );
  }),
  '1 % of all packets lost': losing(1),
  '5 % of all packets lost': losing(5),
};

function cutting(cut: (cluster: PatroniCluster, primary: LabHost, others: readonly LabHost[]) => Promise<void>): Strike {
  return async (cluster, progress) => {
    const primary = cluster.hostOf(await cluster.primary());
    await cut(
      cluster,
      primary,
      cluster.network.hosts.filter((host) => host !== primary),
    );
    await sleep(BEYOND_LOCK);
    await progress.answered(ANSWERS);
    await cluster.network.heal();
  };
}

function losing(percent: number): Strike {
  return async (cluster, progress) => {
    await cluster.network.lose(percent);
    await progress.answered(3 * ANSWERS);
    await cluster.network.heal();
  };
}
