import { Daemon } from '../daemon.js';
import { findProgram } from '../programs.js';
import type { Place } from './place.js';

/** Whether the server is installed. */
export const HAS_ETCD = findProgram('etcd') !== undefined;

/** One member of the etcd cluster that elects PostgreSQL's primary. */
export class EtcdMember {
  readonly daemon: Daemon;

  constructor(
    private readonly n: number,
    private readonly places: readonly Place[],
  ) {
    this.daemon = new Daemon('etcd', 'postgres', this.#place);
  }

  /** The address for clients, without a scheme. */
  get client(): string {
    return `${this.#place.address}:${this.#place.port('etcd')}`;
  }

  start(): void {
    const client = `http://${this.client}`;
    this.daemon.start(
      'etcd',
      `--name=etcd${this.n}`,
      `--data-dir=${this.daemon.directory}/data`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peerUrl(this.#place)}`,
      `--initial-advertise-peer-urls=${peerUrl(this.#place)}`,
      `--initial-cluster=${this.places.map((place, n) => `etcd${n}=${peerUrl(place)}`).join(',')}`,
      '--enable-v2',
      '--log-level=warn',
    );
  }

  /** Waits until it answers, which needs a majority of the members. */
  up(): Promise<void> {
    return this.daemon.until(async () => {
      const health = await fetch(`http://${this.client}/health`).catch(() => undefined);
      return health?.ok ?? false;
    });
  }

  crash(): Promise<void> {
    return this.daemon.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.crash();
    this.daemon.remove();
  }

  get #place(): Place {
    return this.places[this.n]!;
  }
}

function peerUrl({ address, port }: Place): string {
  return `http://${address}:${port('etcd peer')}`;
}
