import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, ClusterMember } from '../nemesis/cluster.js';
import { GaleraNode, HAS_GALERA } from './galera.js';
import { LabNetwork } from './lab-network.js';
import { serverTree } from './server-tree.js';
import { joinAll } from './start-galera.js';
import { TcpProxy } from './tcp-proxy.js';

/** The same on each host. */
const PORTS = { client: 3306, group: 4567, log: 4568, copy: 4444 };

/** How often the proxies look for a node that is ready, in ms. */
const LOOKS = 200;

/** The programs: the machine's, or those of a tree. */
export type GaleraVersion = 'machine' | 'galera-11.8';

export interface GaleraClusterSettings {
  readonly version: GaleraVersion;
  /** The first words of the last node's command. */
  readonly wrapper?: readonly string[];
}

/**
 * A Galera cluster of three nodes on its own network. Each process of the app has a proxy that leads new connections to a node of its
 * own, or to another one while that node is not ready. Open connections stay as they are.
 */
export class GaleraCluster implements Cluster {
  readonly dialect = 'mariadb';
  readonly members: readonly ClusterMember[];
  #isOpen = true;

  private constructor(
    readonly network: LabNetwork,
    readonly nodes: readonly GaleraNode[],
    private readonly proxies: readonly TcpProxy[],
  ) {
    this.members = nodes.map(memberOf);
  }

  /** Returns the reason why there can be no such cluster on this machine, or undefined. Unpacks the programs. */
  static async findObstacle(version: GaleraVersion): Promise<string | undefined> {
    if (LabNetwork.obstacle) return LabNetwork.obstacle;
    if (version === 'machine') return HAS_GALERA ? undefined : 'galera-4 or rsync is not installed';
    return serverTree(version).then(
      () => undefined,
      (error: Error & { stderr?: string }) => `Galera cannot be unpacked: ${(error.stderr || error.message).trim().slice(-200)}`,
    );
  }

  static async open({ version, wrapper = [] }: GaleraClusterSettings): Promise<GaleraCluster> {
    const network = await LabNetwork.open(3);
    const seats = network.hosts.map(({ address: host }) => ({ host, ...PORTS }));
    const places = await Promise.all(
      network.hosts.map(async ({ launcher }) => (version === 'machine' ? { launcher } : serverTree(version, launcher))),
    );
    const nodes = seats.map((seat, n) => {
      const isLast = n === seats.length - 1;
      return new GaleraNode(`node${n + 1}`, seat, seats, { place: places[n], syncWait: 7, ...(isLast && { wrapper }) });
    });
    const proxies = await Promise.all(nodes.map(({ address }) => TcpProxy.start(address)));
    const cluster = new GaleraCluster(network, nodes, proxies);
    try {
      await joinAll(nodes);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  addressOf(process: number) {
    return { ...this.nodes[process]!.address, ...this.proxies[process]!.address };
  }

  async isSettled(): Promise<boolean> {
    const all = await Promise.all(this.nodes.map((node) => node.status()));
    const isWhole = all.every((status) => status?.isReady && status.isSynced && status.nodes === this.nodes.length);
    return isWhole && new Set(all.map((status) => status!.applied)).size === 1;
  }

  /** Ends all nodes at the same time, without any order. */
  async crashAll(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.crash()));
  }

  /** Starts the cluster again, from the node that has the most. */
  async restartAll(): Promise<void> {
    const [first, ...others] = this.nodes.toSorted((one, other) => other.storedPosition() - one.storedPosition());
    await first!.found();
    for (const other of others) await other.start();
  }

  /** Leads new connections to nodes that are ready, until `work` ends. */
  async whileFollowed<Result>(work: () => Promise<Result>): Promise<Result> {
    let isOver = false;
    const following = this.#follow(() => isOver || !this.#isOpen);
    try {
      return await work();
    } finally {
      isOver = true;
      await following;
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.network.close();
  }

  async #follow(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const all = await Promise.all(this.nodes.map((node) => node.status()));
      const ready = this.nodes.find((_, n) => all[n]?.isReady);
      for (const [n, proxy] of this.proxies.entries())
        proxy.target = (all[n]?.isReady ? this.nodes[n]! : (ready ?? this.nodes[n]!)).address;
      await sleep(LOOKS);
    }
    for (const [n, proxy] of this.proxies.entries()) proxy.target = this.nodes[n]!.address;
  }
}

function memberOf(node: GaleraNode): ClusterMember {
  return {
    name: node.name,
    address: node.address,
    crash: () => node.crash(),
    pause: () => node.pause(),
    resume: () => node.resume(),
    stop: () => node.leave(),
    start: () => node.start(),
  };
}
