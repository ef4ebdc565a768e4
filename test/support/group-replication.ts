import { setTimeout as sleep } from 'node:timers/promises';
import { SERVERS } from '../servers/catalog.js';
import { unpack } from '../servers/unpack.js';
import type { Cluster } from '../nemesis/cluster.js';
import { GroupMember } from './group-member.js';
import type { GroupSettings } from './group-options.js';
import { hasTransactions, seesMajority } from './group-view.js';
import type { DaemonPlace } from './daemon-place.js';
import { LabNetwork, type LabHost } from './lab-network.js';
import { serverTree } from './server-tree.js';
import { MovableClock } from './skewed-clock.js';
import { TcpProxy } from './tcp-proxy.js';

export interface GroupReplicationSettings {
  readonly mode: GroupSettings['mode'];
  /** Whether the last member has a clock that can be moved. */
  readonly hasClock?: boolean;
}

/** How often the proxies look for the primary, in ms. */
const LOOKS = 100;

/**
 * A MySQL Group Replication of three members. With several primaries, each process of the app uses another member. With one primary,
 * each has a proxy that leads new connections to the primary and leaves open ones as they are.
 */
export class GroupReplication implements Cluster {
  readonly dialect = 'mysql';
  #isOpen = true;

  private constructor(
    readonly network: LabNetwork,
    readonly members: readonly GroupMember[],
    private readonly proxies: readonly TcpProxy[],
    /** That of the last member. */
    readonly clock?: MovableClock,
  ) {}

  /** Returns the reason why there can be no group on this machine, or undefined. Unpacks the server. */
  static async findObstacle(): Promise<string | undefined> {
    if (LabNetwork.obstacle) return LabNetwork.obstacle;
    return unpack('mysql', SERVERS.mysql!).then(
      () => undefined,
      (error: Error & { stderr?: string }) => `MySQL cannot be unpacked: ${(error.stderr || error.message).trim().slice(-200)}`,
    );
  }

  static async open({ mode, hasClock = false }: GroupReplicationSettings): Promise<GroupReplication> {
    const network = await LabNetwork.open(3);
    const { hosts } = network;
    const places = await Promise.all(hosts.map((host) => placeOf(host, hasClock)));
    const clock = hasClock ? new MovableClock(places.at(-1)!.tree) : undefined;
    const members = hosts.map((host, n) => {
      const wrapper = n === hosts.length - 1 ? clock?.launcher : undefined;
      return new GroupMember(host, { hosts, mode }, { place: places[n]!, ...(wrapper && { wrapper }) });
    });
    const proxies = mode === 'single-primary' ? await Promise.all(members.map(({ address }) => TcpProxy.start(address))) : [];
    const group = new GroupReplication(network, members, proxies, clock);
    try {
      const [first, ...others] = members as [GroupMember, ...GroupMember[]];
      first.create();
      for (const other of others) other.copy(first);
      await first.found();
      await Promise.all(others.map((other) => other.start()));
      void group.#followPrimary();
      return group;
    } catch (error) {
      await group.close();
      throw error;
    }
  }

  addressOf(process: number) {
    return { ...this.members[process]!.appAddress, ...this.proxies[process]?.address };
  }

  /** Sets `group_replication_consistency` for new connections, and for members that start later. */
  async setConsistency(value: string): Promise<void> {
    for (const member of this.members) {
      member.consistency = value;
      await member.run((run) => run(`set global group_replication_consistency = '${value}'`));
    }
  }

  /** Returns the primary of the majority. */
  async primary(): Promise<GroupMember> {
    const primary = await this.#findPrimary();
    if (!primary) throw new Error('The group has no primary.');
    return primary;
  }

  /**
   * A statement of a trigger waits for the other members too, if the consistency includes BEFORE. Meanwhile the statement that fired it
   * holds row locks that the others wait for, so that the group stands still. Within a transaction only its first statement waits, and
   * the server refuses to set the consistency. After a conflict in the trigger, which no handler catches, the connection stays at
   * EVENTUAL until its next write. Until then it may show an older state.
   */
  triggerBody(statement: string): string {
    return [
      'begin',
      'declare kept varchar(30) default @@global.group_replication_consistency;',
      setConsistency("'EVENTUAL'"),
      `${statement};`,
      setConsistency('kept'),
      'end',
    ].join(' ');
  }

  /** Makes another member the primary. */
  async moveOn(): Promise<void> {
    const primary = await this.primary();
    const next = this.members[(this.members.indexOf(primary) + 1) % this.members.length]!;
    await primary.run(async (run) => {
      const { rows } = await run(
        `select member_id from performance_schema.replication_group_members where member_host = '${next.address.host}'`,
      );
      await run(`select group_replication_set_as_primary('${String(Object.values(rows[0]!)[0])}')`);
    });
  }

  async isSettled(): Promise<boolean> {
    const views = await Promise.all(this.members.map((member) => member.view()));
    // For some time after a member has joined again, one of the others may call it unreachable, and yet receive everything from it.
    const isOnline = (n: number) => views[n]?.states[this.members[n]!.address.host] === 'ONLINE';
    if (!views.every((view, n) => isOnline(n) && seesMajority(view))) return false;
    const transactions = views.map((view) => view!.transactions).join(',');
    return (await Promise.all(this.members.map(({ address }) => hasTransactions(address, transactions)))).every(Boolean);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    await Promise.all(this.members.map((member) => member.remove()));
    await this.network.close();
    this.clock?.remove();
  }

  async #followPrimary(): Promise<void> {
    while (this.#isOpen && this.proxies.length > 0) {
      const primary = await this.#findPrimary();
      if (primary) for (const proxy of this.proxies) proxy.target = primary.address;
      await sleep(LOOKS);
    }
  }

  /** Asks the members. One that is in no majority names no primary, because it calls the others unreachable. */
  async #findPrimary(): Promise<GroupMember | undefined> {
    const views = await Promise.all(this.members.map((member) => member.view()));
    const view = views.find(seesMajority);
    return this.members.find(({ address }) => view?.primaries.includes(address.host));
  }
}

/** A server whose clock can be moved needs /dev/shm in its tree. */
async function placeOf({ launcher }: LabHost, hasClock: boolean): Promise<DaemonPlace> {
  return hasClock ? serverTree('mysql-with-clock', launcher) : { launcher, tree: await unpack('mysql', SERVERS.mysql!) };
}

/** Sets the consistency in a trigger, unless a transaction is open. */
function setConsistency(value: string): string {
  return `begin declare continue handler for sqlexception begin end; set session group_replication_consistency = ${value}; end;`;
}
