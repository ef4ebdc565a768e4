import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, findProgram, freePort } from './daemon.js';
import { answers, type OwnServer } from './own-server.js';

/** Whether a server can be made. */
export const HAS_POSTGRESQL = findProgram('initdb') !== undefined;

/** A PostgreSQL server of a test's own. */
export class OwnPostgresql implements OwnServer {
  readonly dialect = 'postgresql';

  private constructor(
    readonly daemon: Daemon,
    private readonly port: number,
  ) {}

  /** @param settings lines for postgresql.conf */
  static async make(settings: readonly string[] = []): Promise<OwnPostgresql> {
    const daemon = new Daemon('postgresql', 'postgres');
    const server = new OwnPostgresql(daemon, await freePort());
    daemon.run('initdb', '-D', server.data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C.UTF-8');
    server.configure([
      "listen_addresses = '127.0.0.1'",
      "unix_socket_directories = ''",
      'shared_buffers = 32MB',
      // In the data directory: a crash would leave a segment of shared memory behind.
      'dynamic_shared_memory_type = mmap',
      ...settings,
    ]);
    await server.start();
    return server;
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

  /** "Immediate": all its processes end at once, and nothing is written; the start after it recovers from the log. */
  crash(): Promise<void> {
    return this.daemon.end('SIGQUIT');
  }

  /** Kills the process that serves one connection, as the kernel does when memory is short. */
  killBackend(pid: number): void {
    execFileSync('kill', ['-9', String(pid)]);
  }

  async stop(): Promise<void> {
    await this.daemon.end('SIGQUIT');
    this.daemon.remove();
  }
}
