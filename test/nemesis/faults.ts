import { setTimeout as sleep } from 'node:timers/promises';
import type { LabHost, LabNetwork } from '../support/lab-network.js';
import type { MovableClock } from '../support/skewed-clock.js';
import type { Cluster, ClusterMember } from './cluster.js';
import type { Progress } from './progress.js';

/** How many requests are answered between two steps of a fault, by all processes together. */
const BETWEEN = 100;

/** Kills a member, and starts it again after `ms`. */
export const killed = (member: ClusterMember, ms: number) => async (progress: Progress) => {
  await member.crash();
  await sleep(ms);
  await progress.answered(BETWEEN);
  await member.start();
};

/** Stops a member for `ms`. Its connections stay open. */
export const paused = (member: ClusterMember, ms: number) => async (progress: Progress) => {
  member.pause();
  await sleep(ms).finally(() => member.resume());
  await progress.answered(BETWEEN);
};

/** Ends and starts one member after the other. */
export const restartedInTurn = (cluster: Cluster) => async (progress: Progress) => {
  for (const member of cluster.members) {
    await member.stop();
    await progress.answered(BETWEEN);
    await member.start();
    while (!(await cluster.isSettled())) await sleep(200);
  }
};

/** How a clock jumps, from the time of the machine. Sessions live longer than that. */
export const JUMPS = ['+5m', '-5m', '+0'];

/** Moves a clock three times. */
export const jumps = (clock: MovableClock) => async () => {
  for (const offset of JUMPS) {
    clock.move(offset);
    await sleep(4000);
  }
};

/** For `ms`, a host and the other hosts hear nothing of each other. The clients still reach all of them. */
export const cutOff = (network: LabNetwork, host: LabHost, ms: number) =>
  during(network, ms, () =>
    network.partition(
      [host],
      network.hosts.filter((other) => other !== host),
    ),
  );

/** For `ms`, the other hosts hear nothing of a host, which hears them. */
export const unheard = (network: LabNetwork, host: LabHost, ms: number) =>
  during(network, ms, async () => {
    for (const other of network.hosts) if (other !== host) await network.cut(host, other);
  });

/** For `ms`, a host hears nothing of the other hosts, which hear it. */
export const deaf = (network: LabNetwork, host: LabHost, ms: number) =>
  during(network, ms, async () => {
    for (const other of network.hosts) if (other !== host) await network.cut(other, host);
  });

/** For `ms`, the clients and a host hear nothing of each other. */
export const unreachable = (network: LabNetwork, host: LabHost, ms: number) =>
  during(network, ms, () => network.partition([host], ['clients']));

/** For `ms`, this share of all packets is lost, in percent. */
export const lossy = (network: LabNetwork, percent: number, ms: number) => during(network, ms, () => network.lose(percent));

function during(network: LabNetwork, ms: number, hurt: () => Promise<void>) {
  return async (progress: Progress) => {
    await hurt();
    await sleep(ms).finally(() => network.heal());
    await progress.answered(BETWEEN);
  };
}
