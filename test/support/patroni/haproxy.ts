import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from '../daemon.js';
import { findProgram } from '../programs.js';
import type { Place } from './place.js';

/** Whether the proxy is installed. */
export const HAS_HAPROXY = findProgram('haproxy') !== undefined;

/** A server behind the proxy: the port for statements, and the port on which Patroni tells its role. */
interface Target {
  readonly host: string;
  readonly port: number;
  readonly rolePort: number;
}

/** A proxy that leads to the primary. */
export class Haproxy {
  readonly daemon: Daemon;

  constructor(private readonly place: Place) {
    this.daemon = new Daemon('haproxy', 'postgres', place);
  }

  get address() {
    return { host: this.place.address, port: this.place.port('haproxy') };
  }

  /** @param closing whether it closes the open connections to a server that is the primary no more */
  start(targets: readonly Target[], closing: boolean): void {
    const file = join(this.daemon.directory, 'haproxy.cfg');
    const { host, port } = this.address;
    writeFileSync(
      file,
      [
        'global',
        'maxconn 500',
        'defaults',
        'mode tcp',
        'timeout connect 2s',
        'timeout check 1s',
        'timeout client 30m',
        'timeout server 30m',
        'listen primary',
        `bind ${host}:${port}`,
        'option httpchk GET /primary',
        'http-check expect status 200',
        `default-server inter 1s fall 2 rise 1${closing ? ' on-marked-down shutdown-sessions' : ''}`,
        ...targets.map((target, n) => `server member${n} ${target.host}:${target.port} check port ${target.rolePort}`),
        '',
      ].join('\n'),
    );
    this.daemon.start('haproxy', '-db', '-f', file);
  }

  async stop(): Promise<void> {
    await this.daemon.end('SIGKILL');
    this.daemon.remove();
  }
}
