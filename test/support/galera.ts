import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import { Daemon } from './daemon.js';
import type { DaemonPlace } from './daemon-place.js';
import { GALERA_PROVIDER, galeraConfiguration, type GaleraSeat } from './galera-configuration.js';
import { galeraStatus } from './galera-status.js';
import { onDatabase, type OwnServer } from './own-server.js';
import { findProgram } from './programs.js';

/** Whether the programs of a cluster are installed. */
export const HAS_GALERA = ['mariadb-install-db', 'rsync'].every(findProgram) && existsSync(GALERA_PROVIDER);

/** How a node runs. */
export interface GaleraSettings {
  readonly place?: DaemonPlace | undefined;
  /** `wsrep_sync_wait` of each start. */
  readonly syncWait?: number;
  /** The first words of the server's command, such as those of a `MovableClock`. */
  readonly wrapper?: readonly string[];
}

/** One node of a cluster. */
export class GaleraNode implements OwnServer {
  readonly dialect = 'mariadb';
  readonly #daemon: Daemon;
  readonly #command: readonly [string, ...string[]];

  constructor(
    readonly name: string,
    private readonly seat: GaleraSeat,
    group: readonly GaleraSeat[],
    { place, syncWait = 0, wrapper = [] }: GaleraSettings = {},
  ) {
    this.#daemon = new Daemon('galera', 'mysql', place);
    const [program, ...words] = [...wrapper, 'mariadbd', this.#defaults];
    this.#command = [program!, ...words];
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

  get pid(): number {
    return this.#daemon.pid;
  }

  /** Creates the data of the first node. */
  create(): void {
    writeFileSync(
      join(this.#daemon.directory, 'init.sql'),
      "create database if not exists test;\ncreate user if not exists test@'%';\ngrant all on *.* to test@'%';\n",
    );
    // `--force`: the name of the machine need not have an address.
    const options = ['--basedir=/usr', '--force', '--wsrep-on=OFF', '--auth-root-authentication-method=normal', '--skip-test-db'];
    this.#daemon.run('mariadb-install-db', this.#defaults, ...options);
  }

  /** Starts a cluster with this node only. */
  async found(): Promise<void> {
    // After a crash the node does not know whether another one has more, and refuses.
    if (this.#hasRun) writeFileSync(this.#state, readFileSync(this.#state, 'utf8').replace('bootstrap: 0', 'bootstrap: 1'));
    await this.start('--wsrep-new-cluster', `--init-file=${this.#file('init.sql')}`);
  }

  /** Joins the other nodes, for the first time or again. */
  async start(...options: string[]): Promise<void> {
    const position = this.#position();
    // Without its position, the node would be copied again.
    this.#daemon.start(...this.#command, ...options, ...(position ? [`--wsrep-start-position=${position}`] : []));
    await this.#daemon.until(async () => (await this.status())?.isSynced === true);
  }

  /** Returns the number of the last transaction in the data of a node that does not run. */
  storedPosition(): number {
    return Number(this.#position()?.split(':')[1] ?? -1);
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

  /** Returns the position after a crash, which only the engine's log knows. */
  #position(): string | undefined {
    if (!this.#hasRun) return undefined;
    return /Recovered position: *(\S+)/.exec(this.#daemon.runToSee('mariadbd', this.#defaults, '--wsrep-recover'))?.[1];
  }

  get #hasRun(): boolean {
    return existsSync(this.#state);
  }

  /** The file with the position of an orderly end. */
  get #state(): string {
    return join(this.#daemon.directory, 'data/grastate.dat');
  }

  get #defaults(): string {
    return `--defaults-file=${this.#file('my.cnf')}`;
  }

  /** Returns the path of a file, as the server sees it. */
  #file(name: string): string {
    return this.#daemon.path(name);
  }
}
