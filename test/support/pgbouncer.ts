import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { POSTGRESQL } from './servers.js';

/** The environment with /usr/sbin, where Debian installs it. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** Whether PgBouncer is installed. */
export const HAS_PGBOUNCER = spawnSync('pgbouncer', ['--version'], { env }).status === 0;

/** A PgBouncer before the tests' PostgreSQL, with transaction pooling. */
export interface PgBouncer {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** @param poolSize the number of its connections to the server */
export async function startPgBouncer(poolSize: number): Promise<PgBouncer> {
  const directory = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
  const file = join(directory, 'pgbouncer.ini');
  const host = '127.0.0.1';
  const port = await freePort(host);
  await writeFile(file, configuration(host, port, poolSize));
  // It refuses to run as root, so another user must be able to read this.
  await Promise.all([chmod(directory, 0o755), chmod(file, 0o644)]);
  const user = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const bouncer = spawn('pgbouncer', [...user, file], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(bouncer, 'exit');
  const stop = async () => {
    bouncer.kill();
    await exit;
    await rm(directory, { recursive: true });
  };
  try {
    await up(bouncer.stderr);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, port, stop };
}

function configuration(host: string, port: number, poolSize: number): string {
  const { host: server, port: serverPort, user, password } = POSTGRESQL;
  return [
    '[databases]',
    `* = host=${server} port=${serverPort} user=${user}${password === '' ? '' : ` password='${password.replaceAll("'", "''")}'`}`,
    '[pgbouncer]',
    `listen_addr = ${host}`,
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    `default_pool_size = ${poolSize}`,
    // Ends a hanging query, so that the test can end.
    'query_timeout = 20',
    'query_wait_timeout = 20',
    '',
  ].join('\n');
}

async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until its log says that it runs. Later output is discarded. */
function up(log: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    let written = '';
    log.on('data', (text: Buffer) => {
      written += text.toString();
      if (written.includes('process up')) resolve();
    });
    log.once('end', () => reject(new Error(`PgBouncer did not start: ${written}`)));
  });
}
