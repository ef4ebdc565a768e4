import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import { Daemon } from './daemon.js';
import type { DaemonPlace } from './daemon-place.js';
import { GALERA_PROVIDER, galeraConfiguration, type GaleraSeat } from './galera-configuration.js';
import { galeraStatus } from './galera-status.js';
import { freePort } from './free-port.js';
import { onDatabase, type OwnServer } from './own-server.js';
import { findProgram } from './programs.js';

/** Whether the programs of a cluster are installed. */
export const HAS_GALERA = ['mariadb-install-db', 'rsync'].every(findProgram) && existsSync(GALERA_PROVIDER);

/** How a node runs. */
export interface GaleraSettings {
  readonly place?: DaemonPlace | undefined;
  /** `wsrep_sync_wait` of each start. */
  readonly syncWait?: number;
}

/** One node of a cluster. */
export class GaleraNode implements OwnServer {
  readonly dialect = 'mariadb';
  readonly #daemon: Daemon;

  constructor(
    readonly name: string,
    private readonly seat: GaleraSeat,
    group: readonly GaleraSeat[],
    { place, syncWait = 0 }: GaleraSettings = {},
  ) {
    this.#daemon = new Daemon('galera', 'mysql', place);
    this.#daemon.makeDirectory('data');
    const configuration = galeraConfiguration(this.seat, group, { name, syncWait, file: (file) => this.#file(file) });
    writeFileSync(join(this.#daemon.directory, 'my.cnf'), configuration);
  }

  get address() {
    return { host: this.seat.host, port: this.seat.client, user: 'test', password: '', dbName: 'test' };
  }

  get isRunning(): boolean {
    return this.#daemon.isRunning;
  }

  /** Creates the data of the first node and starts a cluster with this node only. */
  async found(): Promise<void> {
    writeFileSync(
      join(this.#daemon.directory, 'init.sql'),
      "create database if not exists test;\ncreate user if not exists test@'%';\ngrant all on *.* to test@'%';\n",
    );
    // `--force`: the name of the machine need not have an address.
    const options = ['--basedir=/usr', '--force', '--wsrep-on=OFF', '--auth-root-authentication-method=normal', '--skip-test-db'];
    this.#daemon.run('mariadb-install-db', this.#defaults, ...options);
    this.#daemon.start('mariadbd', this.#defaults, '--wsrep-new-cluster', `--init-file=${this.#file('init.sql')}`);
    await this.#synced();
  }

  /** Joins the other nodes, for the first time or again. */
  async start(): Promise<void> {
    this.#daemon.start('mariadbd', this.#defaults, ...this.#position());
    await this.#synced();
  }

  crash(): Promise<void> {
    return this.#daemon.end('SIGKILL');
  }

  /** Ends it in an orderly way. */
  leave(): Promise<void> {
    return this.#daemon.end('SIGTERM');
  }

  /** Stops it until `resume`. Its connections stay open. */
  pause(): void {
    this.#daemon.pause();
  }

  resume(): void {
    this.#daemon.resume();
  }

  async stop(): Promise<void> {
    await this.#daemon.end('SIGKILL');
    this.#daemon.remove();
  }

  status() {
    return galeraStatus(this.address);
  }

  run<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return onDatabase(this.dialect, this.address, work);
  }

  #synced(): Promise<void> {
    return this.#daemon.until(async () => (await this.status())?.isSynced === true);
  }

  /** Returns the position of the node after a crash, which only the engine's log knows. Without it, the node would be copied again. */
  #position(): string[] {
    const [, position] = /Recovered position: *(\S+)/.exec(this.#daemon.runToSee('mariadbd', this.#defaults, '--wsrep-recover')) ?? [];
    return position ? [`--wsrep-start-position=${position}`] : [];
  }

  get #defaults(): string {
    return `--defaults-file=${this.#file('my.cnf')}`;
  }

  /** Returns the path of a file, as the server sees it. */
  #file(name: string): string {
    return this.#daemon.path(name);
  }
}

/**
 * Starts a cluster on this machine.
 *
 * @param place of the nodes
 */
export async function startGalera(size = 3, place?: DaemonPlace): Promise<GaleraNode[]> {
  const seats: GaleraSeat[] = [];
  for (let n = 0; n < size; n++)
    seats.push({ host: '127.0.0.1', client: await freePort(), group: await freePort(), log: await freePort(), copy: await freePort() });
  const nodes = seats.map((seat, n) => new GaleraNode(`node${n + 1}`, seat, seats, { place }));
  await joinAll(nodes);
  return nodes;
}

/** Starts new nodes one after the other, because a node sends its copy to only one joining node at a time. */
export async function joinAll(nodes: readonly GaleraNode[]): Promise<void> {
  try {
    await nodes[0]!.found();
    for (const node of nodes.slice(1)) await node.start();
  } catch (error) {
    await Promise.all(nodes.map((node) => node.stop()));
    throw error;
  }
}
