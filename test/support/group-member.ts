import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import type { ClusterMember } from '../nemesis/cluster.js';
import { Daemon } from './daemon.js';
import type { DaemonPlace } from './daemon-place.js';
import { ACCOUNTS, CREDENTIALS, PORT, memberOptions, serverOptions, type GroupSettings } from './group-options.js';
import { viewOf, type GroupView } from './group-view.js';
import type { LabHost } from './lab-network.js';
import { onDatabase } from './own-server.js';

/** How a member runs. */
export interface MemberSettings {
  readonly place: DaemonPlace;
  /** The first words of the server's command, such as those of a `MovableClock`. */
  readonly wrapper?: readonly string[];
}

/** A MySQL server of a group. */
export class GroupMember implements ClusterMember {
  readonly name: string;
  readonly #daemon: Daemon;
  readonly #command: readonly [string, ...string[]];
  /** The option `group_replication_consistency` of its next start. */
  consistency = 'BEFORE_ON_PRIMARY_FAILOVER';

  constructor(
    private readonly host: LabHost,
    private readonly settings: GroupSettings,
    { place, wrapper = [] }: MemberSettings,
  ) {
    this.name = host.name;
    this.#daemon = new Daemon('mysql', 'mysql', place);
    const [program, ...words] = [...wrapper, 'mysqld', ...serverOptions((name) => this.#daemon.path(name))];
    this.#command = [program!, ...words];
  }

  /** The address for an administrator. */
  get address() {
    return { host: this.host.address, port: PORT, user: 'admin', password: '', dbName: 'test' };
  }

  /** The address for an app. */
  get appAddress() {
    return { ...this.address, user: 'app' };
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  /** Creates the data of a server that is in no group yet. */
  create(): void {
    const statements = [...ACCOUNTS, 'create database test'].map((statement) => `${statement};\n`).join('');
    writeFileSync(join(this.#daemon.directory, 'accounts.sql'), statements, { mode: 0o644 });
    this.#daemon.run(...this.#command, '--initialize-insecure', `--init-file=${this.#daemon.path('accounts.sql')}`);
  }

  /** Takes over the data that another member has created. */
  copy(other: GroupMember): void {
    this.#daemon.run('cp', '-r', other.#daemon.path('data'), this.#daemon.path('data'));
    // The server makes itself a new identity.
    rmSync(join(this.#daemon.directory, 'data/auto.cnf'), { force: true });
  }

  /** Starts a group with this member only. */
  async found(): Promise<void> {
    await this.#serve();
    await this.run(async (run) => {
      await run(CREDENTIALS);
      await run('set global group_replication_bootstrap_group = on');
      await run('start group_replication');
      await run('set global group_replication_bootstrap_group = off');
    });
    await this.#serveApp();
  }

  async start(): Promise<void> {
    await this.#serve();
    await this.run(async (run) => {
      await run(CREDENTIALS);
      await run('start group_replication');
    });
    await this.#serveApp();
  }

  /** Joins the group again after the server has left it and runs on. */
  async rejoin(): Promise<void> {
    await this.run(async (run) => {
      await run('stop group_replication');
      await run('start group_replication');
    });
    await this.#serveApp();
  }

  /** Sets how many seconds it waits without a majority before it leaves the group and closes its connections; 0 for ever. */
  async leaveMinorityAfter(seconds: number): Promise<void> {
    await this.run((run) => run(`set global group_replication_unreachable_majority_timeout = ${seconds}`));
  }

  crash(): Promise<void> {
    return this.#daemon.end('SIGKILL');
  }

  async stop(): Promise<void> {
    // Otherwise it leaves the group first, and meanwhile shows an older state to the app.
    await this.run((run) => run('set global offline_mode = on'));
    await this.#daemon.end('SIGTERM');
  }

  pause(): void {
    this.#daemon.pause();
  }

  resume(): void {
    this.#daemon.resume();
  }

  async remove(): Promise<void> {
    await this.crash();
    this.#daemon.remove();
  }

  /** Runs statements as an administrator. */
  run<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return onDatabase('mysql', { ...this.address, pool: { min: 0, max: 1 } }, work);
  }

  /** Returns how it sees the group, or undefined if it does not answer. */
  view(): Promise<GroupView | undefined> {
    return viewOf(this.address);
  }

  async #serve(): Promise<void> {
    this.#daemon.start(...this.#command, ...memberOptions(this.host, this.settings, this.consistency));
    await this.#daemon.until(async () => (await this.view()) !== undefined);
  }

  async #serveApp(): Promise<void> {
    await this.#daemon.until(async () => (await this.view())?.states[this.address.host] === 'ONLINE');
    await this.run((run) => run('set global offline_mode = off'));
  }
}
