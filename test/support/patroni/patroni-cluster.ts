import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../nemesis/cluster.js';
import { LabNetwork, type LabHost } from '../lab-network.js';
import { EtcdMember, HAS_ETCD } from './etcd.js';
import { HAS_HAPROXY, Haproxy } from './haproxy.js';
import type { ClusterSettings } from './patroni-configuration.js';
import { PatroniMember } from './patroni-member.js';
import { hasFollowers } from './followers.js';
import { placeOn } from './place.js';
import { HAS_PATRONI } from './programs.js';

const MISSING = Object.entries({ patroni: HAS_PATRONI, 'etcd-server': HAS_ETCD, haproxy: HAS_HAPROXY }).find(([, isThere]) => !isThere);

/** The reason why there can be no such cluster on this machine, or undefined. */
export const PATRONI_OBSTACLE = MISSING ? `${MISSING[0]} is not installed` : LabNetwork.obstacle;

const SIZE = 3;

/** Settings of the cluster and its proxies. */
export interface PatroniSettings extends ClusterSettings {
  /** Whether a proxy closes the open connections to a server that is the primary no more. On by default. */
  readonly closing?: boolean;
}

/** A member, as Patroni lists it. */
interface MemberState {
  readonly name: string;
  readonly role: string;
}

/**
 * Three PostgreSQL servers, one of them the primary and one its synchronous standby. Three etcd servers elect the primary. Beside each
 * PostgreSQL server is a proxy, which a process of the app uses.
 */
export class PatroniCluster implements Cluster {
  readonly dialect = 'postgresql';
  readonly members: readonly PatroniMember[];
  readonly etcd: readonly EtcdMember[];
  readonly #proxies: readonly Haproxy[];

  private constructor(readonly network: LabNetwork) {
    const places = network.hosts.map(placeOn);
    const [ofMembers, ofEtcd] = [places.slice(0, SIZE), places.slice(SIZE)];
    this.members = ofMembers.map((place, n) => new PatroniMember(n, place));
    this.#proxies = ofMembers.map((place) => new Haproxy(place));
    this.etcd = ofEtcd.map((_, n) => new EtcdMember(n, ofEtcd));
  }

  static async open(settings: PatroniSettings): Promise<PatroniCluster> {
    const cluster = new PatroniCluster(await LabNetwork.open(2 * SIZE));
    try {
      await cluster.#start(settings);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  addressOf(process: number) {
    return { ...this.members[0]!.address, ...this.#proxies[process]!.address };
  }

  /** Returns the primary, once there is one. If two members are, the one that was elected last. */
  primary(): Promise<PatroniMember> {
    return once(async () => {
      const all = await Promise.all(this.members.map(async (member) => ({ member, status: await member.status() })));
      const primaries = all.filter(({ status }) => status?.role === 'master' || status?.role === 'primary');
      return primaries.toSorted((a, b) => b.status!.timeline! - a.status!.timeline!)[0]?.member;
    });
  }

  /** Returns the synchronous standby, once there is one. */
  standby(): Promise<PatroniMember> {
    return once(async () => {
      const found = (await this.#list()).find(({ role }) => role === 'sync_standby');
      return found && this.members.find(({ name }) => name === found.name);
    });
  }

  async isSettled(): Promise<boolean> {
    const list = await this.#list();
    const leader = this.members.find(({ name }) => name === list.find(({ role }) => role === 'leader')?.name);
    if (!leader || list.length < SIZE || !list.some(({ role }) => role === 'sync_standby')) return false;
    return hasFollowers(leader.address, SIZE - 1).catch(() => false);
  }

  async close(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await Promise.all(this.members.map((member) => member.remove()));
    await Promise.all(this.etcd.map((member) => member.stop()));
    await this.network.close();
  }

  /** Returns the host of a member. */
  hostOf(member: PatroniMember): LabHost {
    return this.network.hosts[this.members.indexOf(member)]!;
  }

  get etcdHosts(): readonly LabHost[] {
    return this.network.hosts.slice(SIZE);
  }

  async #start({ closing = true, ...settings }: PatroniSettings): Promise<void> {
    for (const member of this.etcd) member.start();
    await Promise.all(this.etcd.map((member) => member.up()));
    const etcd = this.etcd.map(({ client }) => client);
    for (const member of this.members) {
      member.configure(etcd, settings);
      await member.start();
    }
    await this.members[0]!.daemon.until(() => this.isSettled());
    const targets = this.members.map(({ address, rolePort }) => ({ ...address, rolePort }));
    for (const proxy of this.#proxies) proxy.start(targets, closing);
  }

  /** What the first member that answers knows of all. */
  async #list(): Promise<readonly MemberState[]> {
    for (const member of this.members) {
      const list = await member.ask<{ members?: MemberState[] }>('cluster');
      if (list?.members) return list.members;
    }
    return [];
  }
}

/** Asks until there is an answer. */
async function once<Found>(find: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await find();
    if (found) return found;
    await sleep(100);
  }
}
