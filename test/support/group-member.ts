import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import type { ClusterMember } from '../nemesis/cluster.js';
import { Daemon } from './daemon.js';
import type { LabHost } from './lab-network.js';
import { onDatabase } from './own-server.js';

/** What the members of a group have in common. */
export interface GroupSettings {
  readonly tree: string;
  readonly hosts: readonly LabHost[];
  readonly mode: 'single-primary' | 'multi-primary';
  /** The first words of the server's command, after those of its host. */
  readonly launcher?: readonly string[];
}

const PORT = 3306;
const GROUP_PORT = 33_061;
/** How long a member may take to answer about the group, in ms. A paused one does not answer. */
const PATIENCE = 1000;

const MEMBERS = 'select member_host, member_state, member_role from performance_schema.replication_group_members';
const EXECUTED = 'select @@global.gtid_executed';
const GROUP = '6ed1b2f6-1f2c-4d6c-9c43-6f0c1f1a6f7e';

/** The account of the app has no right that opens a server to it that refuses the others. */
const ACCOUNTS = [
  "create user admin@'%'",
  "grant all on *.* to admin@'%' with grant option",
  "create user app@'%'",
  "grant all on test.* to app@'%'",
];

/** How a member sees the group. */
export interface GroupView {
  /** By address. */
  readonly states: Readonly<Record<string, string>>;
  /** The addresses of the primaries. */
  readonly primaries: readonly string[];
  /** The transactions that the member has. */
  readonly transactions: string;
}

/** A MySQL server of a group. */
export class GroupMember implements ClusterMember {
  readonly name: string;
  readonly #daemon: Daemon;
  /** The option `group_replication_consistency` of its next start. */
  consistency = 'BEFORE_ON_PRIMARY_FAILOVER';

  constructor(
    private readonly host: LabHost,
    private readonly settings: GroupSettings,
  ) {
    this.name = host.name;
    this.#daemon = new Daemon('mysql', 'mysql', { launcher: [...host.launcher, ...(settings.launcher ?? [])], tree: settings.tree });
  }

  /** The address for an administrator. */
  get address() {
    return { host: this.host.address, port: PORT, user: 'admin', password: '', dbName: 'test' };
  }

  /** The address for an app. */
  get appAddress() {
    return { ...this.address, user: 'app' };
  }

  /** Creates the data of a server that is in no group yet. */
  create(): void {
    const statements = [...ACCOUNTS, 'create database test'].map((statement) => `${statement};\n`).join('');
    writeFileSync(join(this.#daemon.directory, 'accounts.sql'), statements, { mode: 0o644 });
    this.#daemon.run('mysqld', ...this.#options, '--initialize-insecure', `--init-file=${this.#daemon.path('accounts.sql')}`);
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
      await run('set global group_replication_bootstrap_group = on');
      await run('start group_replication');
      await run('set global group_replication_bootstrap_group = off');
    });
  }

  async start(): Promise<void> {
    await this.#serve();
    await this.run((run) => run('start group_replication'));
  }

  crash(): Promise<void> {
    return this.#daemon.end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#daemon.end('SIGTERM');
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
  async view(): Promise<GroupView | undefined> {
    const answers = await this.#ask(MEMBERS, EXECUTED);
    return answers && viewOf(answers[0] as [string, string, string][], (answers[1] as [[string]])[0][0]);
  }

  /** Whether it has these transactions within the time that it may take to answer. */
  async has(transactions: string): Promise<boolean> {
    const seconds = (0.8 * PATIENCE) / 1000;
    const answers = await this.#ask(`select wait_for_executed_gtid_set('${transactions}', ${seconds})`);
    return (answers as [[[number]]] | undefined)?.[0][0][0] === 0;
  }

  /** Asks as an administrator. Returns undefined if it does not answer. */
  async #ask(...statements: readonly string[]): Promise<unknown[] | undefined> {
    const { host, port, user } = this.address;
    const connection = await mysql.createConnection({ host, port, user, connectTimeout: PATIENCE }).catch(() => undefined);
    if (!connection) return undefined;
    try {
      const answers: unknown[] = [];
      for (const sql of statements) answers.push((await connection.query({ sql, rowsAsArray: true, timeout: PATIENCE }))[0]);
      return answers;
    } catch {
      return undefined;
    } finally {
      connection.destroy();
    }
  }

  async #serve(): Promise<void> {
    this.#daemon.start('mysqld', ...this.#options, ...this.#groupOptions);
    await this.#daemon.until(async () => (await this.view()) !== undefined);
  }

  get #options(): string[] {
    const path = (name: string) => this.#daemon.path(name);
    return [
      '--no-defaults',
      `--datadir=${path('data')}`,
      `--socket=${path('socket')}`,
      `--pid-file=${path('pid')}`,
      '--mysqlx=OFF',
      '--secure-file-priv=NULL',
      '--skip-name-resolve',
      '--innodb-buffer-pool-size=64M',
      '--innodb-redo-log-capacity=16M',
    ];
  }

  get #groupOptions(): string[] {
    const { hosts, mode } = this.settings;
    const isSingle = mode === 'single-primary';
    return [
      `--port=${PORT}`,
      `--server-id=${hosts.indexOf(this.host) + 1}`,
      `--report-host=${this.host.address}`,
      '--gtid-mode=ON',
      '--enforce-gtid-consistency=ON',
      '--log-bin-trust-function-creators=ON',
      '--plugin-load-add=group_replication.so',
      `--group-replication-group-name=${GROUP}`,
      '--group-replication-start-on-boot=OFF',
      `--group-replication-local-address=${this.host.address}:${GROUP_PORT}`,
      `--group-replication-group-seeds=${hosts.map(({ address }) => `${address}:${GROUP_PORT}`).join(',')}`,
      `--group-replication-single-primary-mode=${isSingle ? 'ON' : 'OFF'}`,
      `--group-replication-enforce-update-everywhere-checks=${isSingle ? 'OFF' : 'ON'}`,
      `--group-replication-consistency=${this.consistency}`,
    ];
  }
}

function viewOf(members: readonly [string, string, string][], transactions: string): GroupView {
  return {
    states: Object.fromEntries(members.map(([address, state]) => [address, state])),
    primaries: members.filter(([, state, role]) => state === 'ONLINE' && role === 'PRIMARY').map(([address]) => address),
    transactions,
  };
}
