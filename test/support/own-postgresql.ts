import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from './daemon.js';
import { freePort } from './free-port.js';
import { answers, onDatabase, type OwnServer } from './own-server.js';
import { findProgram } from './programs.js';

/** Whether the server is installed. */
export const HAS_POSTGRESQL = findProgram('initdb') !== undefined;

/** A PostgreSQL server of the test. */
export class OwnPostgresql implements OwnServer {
  readonly dialect = 'postgresql';

  private constructor(
    readonly daemon: Daemon,
    private readonly port: number,
  ) {}

  /**
   * @param settings lines for postgresql.conf
   * @param parent the directory that its own directory is made in
   * @param logDirectory the directory of its log, which does not exist yet, if it is not in its own directory
   */
  static async make(settings: readonly string[] = [], parent?: string, logDirectory?: string): Promise<OwnPostgresql> {
    const daemon = new Daemon('postgresql', 'postgres', { parent });
    const server = new OwnPostgresql(daemon, await freePort());
    daemon.run(
      'initdb',
      '-D',
      server.data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--no-sync',
      '--locale=C.UTF-8',
      '--wal-segsize=1',
      ...(logDirectory ? [`--waldir=${logDirectory}`] : []),
    );
    server.configure([
      "listen_addresses = '127.0.0.1'",
      "unix_socket_directories = ''",
      'shared_buffers = 32MB',
      // In the data directory, because a crash would leave a segment of shared memory behind.
      'dynamic_shared_memory_type = mmap',
      ...settings,
    ]);
    await server.start();
    return server;
  }

  /** Makes a standby of `primary`, which can be promoted. */
  static async follow(primary: OwnPostgresql, settings: readonly string[] = []): Promise<OwnPostgresql> {
    const daemon = new Daemon('postgresql', 'postgres');
    const standby = new OwnPostgresql(daemon, await freePort());
    const { host, port, user } = primary.address;
    daemon.run(
      'pg_basebackup',
      '-D',
      standby.data,
      '-R',
      '-c',
      'fast',
      '--no-sync',
      '-d',
      `host=${host} port=${port} user=${user} application_name=standby`,
    );
    standby.configure(settings);
    await standby.start();
    return standby;
  }

  /** Makes commits wait for the standby. */
  async waitForStandby(): Promise<void> {
    const run = (sql: string) => onDatabase(this.dialect, this.address, (execute) => execute(sql));
    await run("alter system set synchronous_standby_names = 'standby'");
    await run('select pg_reload_conf()');
    const state = "select 1 from pg_stat_replication where application_name = 'standby' and sync_state = 'sync'";
    await this.daemon.until(async () => (await run(state)).rows.length === 1);
  }

  /** Promotes a standby to primary. */
  promote(): void {
    this.daemon.run('pg_ctl', '-D', this.data, '-w', 'promote');
  }

  get isRunning(): boolean {
    return this.daemon.isRunning;
  }

  get data(): string {
    return join(this.daemon.directory, 'data');
  }

  get address() {
    return { host: '127.0.0.1', port: this.port, user: 'postgres', password: '', dbName: 'postgres' };
  }

  configure(settings: readonly string[]): void {
    appendFileSync(join(this.data, 'postgresql.conf'), settings.map((line) => `${line}\n`).join(''));
  }

  async start(): Promise<void> {
    this.daemon.start('postgres', '-D', this.data, '-p', String(this.port));
    await this.daemon.until(() => answers(this));
  }

  /** Stops "immediate": all processes end at once without writing. The next start recovers from the log. */
  crash(): Promise<void> {
    return this.daemon.end('SIGQUIT');
  }

  /** Kills the process of one connection, as the kernel does without free memory. */
  killBackend(pid: number): void {
    execFileSync('kill', ['-9', String(pid)]);
  }

  async stop(): Promise<void> {
    await this.daemon.end('SIGQUIT');
    this.daemon.remove();
  }
}
