import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from './daemon.js';
import { freePort } from './free-port.js';
import { answers, type OwnServer } from './own-server.js';
import { findProgram } from './programs.js';

/** Whether the server is installed. */
export const HAS_MARIADB = findProgram('mariadb-install-db') !== undefined;

/** A MariaDB server of the test. */
export class OwnMariadb implements OwnServer {
  readonly dialect = 'mariadb';

  private constructor(
    private readonly daemon: Daemon,
    private readonly port: number,
  ) {}

  /**
   * @param settings lines for my.cnf
   * @param parent the directory that its own directory is made in
   */
  static async make(settings: readonly string[] = [], parent?: string): Promise<OwnMariadb> {
    const daemon = new Daemon('mariadb', 'mysql', { parent });
    const server = new OwnMariadb(daemon, await freePort());
    writeFileSync(
      server.#file('init.sql'),
      "create database if not exists test;\ncreate user if not exists test@'127.0.0.1';\ngrant all on *.* to test@'127.0.0.1';\n",
    );
    writeFileSync(
      server.#file('my.cnf'),
      [
        '[mysqld]',
        `datadir=${server.#file('data')}`,
        `socket=${server.#file('sock')}`,
        `pid-file=${server.#file('pid')}`,
        `init-file=${server.#file('init.sql')}`,
        `port=${server.port}`,
        'bind-address=127.0.0.1',
        'skip-name-resolve',
        'performance-schema=OFF',
        'innodb_buffer_pool_size=32M',
        'innodb_log_file_size=16M',
        // A committed change is on the disk.
        'innodb_flush_log_at_trx_commit=1',
        ...settings,
        '',
      ].join('\n'),
    );
    daemon.run(
      'mariadb-install-db',
      `--defaults-file=${server.#file('my.cnf')}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    );
    await server.start();
    return server;
  }

  get address() {
    return { host: '127.0.0.1', port: this.port, user: 'test', password: '', dbName: 'test' };
  }

  get isRunning(): boolean {
    return this.daemon.isRunning;
  }

  async start(): Promise<void> {
    this.daemon.start('mariadbd', `--defaults-file=${this.#file('my.cnf')}`);
    await this.daemon.until(() => answers(this));
  }

  crash(): Promise<void> {
    return this.daemon.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.daemon.end('SIGKILL');
    this.daemon.remove();
  }

  #file(name: string): string {
    return join(this.daemon.directory, name);
  }
}
