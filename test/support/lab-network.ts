import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { findProgram } from './programs.js';

/** A network namespace with one address. */
export interface LabHost {
  readonly name: string;
  /** Reachable from the other hosts and from the namespace of the test. */
  readonly address: string;
  /** The first words of a command that runs in the namespace. Only root can run it. */
  readonly launcher: readonly string[];
}

/** An end of a connection. The clients are all processes in the namespace of the test. */
export type LabPeer = LabHost | 'clients';

/** A number above the highest number of a host. */
const CLIENTS = 254;

/** Network namespaces that a bridge joins. The packet filters are within the namespaces, so that nothing remains after `close`. */
export class LabNetwork {
  /** The reason why there can be no such network on this machine, or undefined. */
  static readonly obstacle = findObstacle();

  readonly hosts: readonly LabHost[];
  readonly #bridge: string;
  readonly #prefix: string;
  readonly #cuts = new Map<LabPeer, Set<LabPeer>>();
  #lost = 0;
  readonly #remove = () => {
    for (const { name } of this.hosts) execFileSync('ip', ['netns', 'delete', name]);
    execFileSync('ip', ['link', 'delete', this.#bridge]);
  };

  private constructor(size: number) {
    const [x, y] = [randomInt(64, 256), randomInt(256)];
    this.#prefix = `10.${x}.${y}`;
    this.#bridge = `lab${x}x${y}`;
    this.hosts = Array.from({ length: size }, (_, n) => hostOf(`${this.#bridge}-${n + 1}`, `${this.#prefix}.${n + 1}`));
  }

  /** Makes so many hosts. Two runs choose different addresses. */
  static async open(size: number): Promise<LabNetwork> {
    const network = new LabNetwork(size);
    await network.#open();
    process.once('exit', network.#remove);
    return network;
  }

  /** From now on `to` receives nothing that `from` sends, and neither is told. */
  async cut(from: LabPeer, to: LabPeer): Promise<void> {
    this.#cuts.set(from, (this.#cuts.get(from) ?? new Set()).add(to));
    await this.#apply();
  }

  /** From now on no peer of a group receives anything from a peer of another group. */
  async partition(...groups: readonly (readonly LabPeer[])[]): Promise<void> {
    for (const group of groups) {
      const others = groups.filter((other) => other !== group).flat();
      for (const from of group) this.#cuts.set(from, new Set([...(this.#cuts.get(from) ?? []), ...others]));
    }
    await this.#apply();
  }

  /** From now on each packet is lost with this probability. */
  async lose(percent: number): Promise<void> {
    this.#lost = percent;
    await this.#apply();
  }

  /** Ends all cuts and losses. */
  async heal(): Promise<void> {
    this.#cuts.clear();
    this.#lost = 0;
    await this.#apply();
  }

  /** Removes the network. The processes in its namespaces must have ended. */
  async close(): Promise<void> {
    process.off('exit', this.#remove);
    this.#remove();
  }

  async #open(): Promise<void> {
    const bridge = this.#bridge;
    const ends = this.hosts.map(({ name }) => `${name}x`);
    await run(
      'ip',
      ['-batch', '-'],
      [
        `link add ${bridge} type bridge`,
        `addr add ${this.#prefix}.${CLIENTS}/24 dev ${bridge}`,
        `link set ${bridge} up`,
        ...this.hosts.flatMap(({ name }, n) => [
          `netns add ${name}`,
          `link add ${ends[n]} type veth peer name eth0 netns ${name}`,
          `link set ${ends[n]} master ${bridge} up`,
        ]),
      ],
    );
    for (const { name, address } of this.hosts)
      await run('ip', ['-netns', name, '-batch', '-'], [`addr add ${address}/24 dev eth0`, 'link set eth0 up', 'link set lo up']);
  }

  async #apply(): Promise<void> {
    await Promise.all(this.hosts.map((host) => run('ip', ['netns', 'exec', host.name, 'nft', '-f', '-'], this.#filterOf(host))));
  }

  #filterOf(host: LabHost): string[] {
    const cutFrom = [...this.#cuts].filter(([, to]) => to.has(host)).map(([from]) => `ip saddr ${this.#addressOf(from)} drop`);
    const cutTo = this.#cuts.get(host)?.has('clients') ? [`ip daddr ${this.#addressOf('clients')} drop`] : [];
    const chance = `numgen random mod 10000 < ${Math.round(this.#lost * 100)} drop`;
    const isLossy = this.#lost > 0;
    return [
      'table ip lab',
      'delete table ip lab',
      'table ip lab {',
      'chain input { type filter hook input priority 0;',
      ...cutFrom,
      ...(isLossy ? [`ip saddr ${this.#prefix}.0/24 ${chance}`] : []),
      '}',
      'chain output { type filter hook output priority 0;',
      ...cutTo,
      ...(isLossy ? [`ip daddr ${this.#addressOf('clients')} ${chance}`] : []),
      '}',
      '}',
    ];
  }

  #addressOf(peer: LabPeer): string {
    return peer === 'clients' ? `${this.#prefix}.${CLIENTS}` : peer.address;
  }
}

function hostOf(name: string, address: string): LabHost {
  return { name, address, launcher: ['ip', 'netns', 'exec', name] };
}

function findObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can make network namespaces';
  const missing = Object.entries({ ip: 'iproute2', nft: 'nftables', setpriv: 'util-linux' }).find(([name]) => !findProgram(name));
  if (missing) return `${missing[1]} is not installed`;
  const { status } = spawnSync('unshare', ['--net', 'nft', 'list', 'ruleset']);
  return status === 0 ? undefined : 'this machine forbids network namespaces or their packet filters';
}

/** Runs a program that reads these lines. */
async function run(program: string, parameters: readonly string[], lines: readonly string[]): Promise<void> {
  const child = spawn(program, parameters, { stdio: ['pipe', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  child.stdin.end(`${lines.join('\n')}\n`);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${parameters.join(' ')} ended with ${code}. ${errors}`);
}
