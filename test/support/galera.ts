import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import { Daemon } from './daemon.js';
import type { DaemonPlace } from './daemon-place.js';
import { freePort } from './free-port.js';
import { onDatabase, type OwnServer } from './own-server.js';
import { findProgram } from './programs.js';

const PROVIDER = '/usr/lib/galera/libgalera_smm.so';

/** Whether the programs of a cluster are installed. */
export const HAS_GALERA = ['mariadb-install-db', 'rsync'].every(findProgram) && existsSync(PROVIDER);

/** Timeouts after which an unresponsive node is dropped. Galera's default is 5 seconds. */
const PATIENCE = 'evs.keepalive_period=PT0.5S; evs.suspect_timeout=PT2S; evs.inactive_timeout=PT6S';

/** The ports of a node: for clients, for the group, and for the transfer of data to a joining node, by its log or by a copy. */
interface Ports {
  readonly client: number;
  readonly group: number;
  readonly log: number;
  readonly copy: number;
}

/** One node of a cluster. */
export class GaleraNode implements OwnServer {
  readonly dialect = 'mariadb';
  readonly #daemon: Daemon;

  constructor(
    private readonly name: string,
    private readonly ports: Ports,
    group: readonly Ports[],
    place?: DaemonPlace,
  ) {
    this.#daemon = new Daemon('galera', 'mysql', place);
    this.#daemon.makeDirectory('data');
    writeFileSync(join(this.#daemon.directory, 'my.cnf'), this.#configuration(group));
  }

  get address() {
    return { host: '127.0.0.1', port: this.ports.client, user: 'test', password: '', dbName: 'test' };
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

  async stop(): Promise<void> {
    await this.#daemon.end('SIGKILL');
    this.#daemon.remove();
  }

  run<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return onDatabase(this.dialect, this.address, work);
  }

  #synced(): Promise<void> {
    const state = "show status like 'wsrep_local_state_comment'";
    return this.#daemon.until(async () => (await this.run((run) => run(state)).catch(() => undefined))?.rows[0]?.Value === 'Synced');
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

  #configuration(group: readonly Ports[]): string {
    const { client, group: own, log, copy } = this.ports;
    return [
      '[mysqld]',
      `datadir=${this.#file('data')}`,
      `socket=${this.#file('sock')}`,
      `pid-file=${this.#file('pid')}`,
      'bind-address=127.0.0.1',
      `port=${client}`,
      'skip-name-resolve',
      'performance-schema=OFF',
      'max_connections=300',
      'binlog_format=ROW',
      'innodb_autoinc_lock_mode=2',
      'innodb_buffer_pool_size=32M',
      'innodb_log_file_size=16M',
      'innodb_flush_log_at_trx_commit=1',
      'wsrep_on=ON',
      `wsrep_provider=${PROVIDER}`,
      `wsrep_cluster_name=${group[0]!.group}`,
      `wsrep_cluster_address=gcomm://${group.map((ports) => `127.0.0.1:${ports.group}`).join(',')}`,
      `wsrep_node_name=${this.name}`,
      `wsrep_node_address=127.0.0.1:${own}`,
      'wsrep_sst_method=rsync',
      `wsrep_sst_receive_address=127.0.0.1:${copy}`,
      `wsrep_provider_options="gmcast.listen_addr=tcp://127.0.0.1:${own}; ist.recv_addr=127.0.0.1:${log}; ist.recv_bind=127.0.0.1:${log}; gcache.size=32M; ${PATIENCE}"`,
      '',
    ].join('\n');
  }
}

/**
 * Starts a cluster. The nodes start one after the other, because a node sends its copy to only one joining node at a time.
 *
 * @param place of the nodes
 */
export async function startGalera(size = 3, place?: DaemonPlace): Promise<GaleraNode[]> {
  const group: Ports[] = [];
  for (let n = 0; n < size; n++)
    group.push({ client: await freePort(), group: await freePort(), log: await freePort(), copy: await freePort() });
  const nodes = group.map((ports, n) => new GaleraNode(`node${n + 1}`, ports, group, place));
  try {
    await nodes[0]!.found();
    for (const node of nodes.slice(1)) await node.start();
    return nodes;
  } catch (error) {
    await Promise.all(nodes.map((node) => node.stop()));
    throw error;
  }
}
