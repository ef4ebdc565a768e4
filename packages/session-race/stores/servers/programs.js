import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The servers that a run starts for itself, in memory. */
const PROGRAMS = {
  redis: { title: 'Redis', file: 'redis-server', args: (port) => ['--port', port, '--save', '', '--appendonly', 'no'] },
  memcached: { title: 'memcached', file: 'memcached', args: (port) => ['-l', '127.0.0.1', '-p', port, '-U', '0', '-u', 'nobody'] },
};

/** A server that this run has started. */
export class OwnServer {
  #process;

  /** @returns {Promise<OwnServer | undefined>} undefined if the program is not installed */
  static async start(name) {
    const { title, file, args } = PROGRAMS[name];
    const server = new OwnServer();
    const version = programVersion(file);
    if (!version) return console.error(`No ${file}.`);
    server.version = `${title} ${version}`;
    server.at = { host: '127.0.0.1', port: await freePort() };
    server.#process = spawn(file, args(String(server.at.port)), { stdio: 'ignore' });
    await untilItAnswers(server.at);
    return server;
  }

  async stop() {
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }
}

/** The version of a program, such as 8.2.36; undefined if it is not installed. */
export function programVersion(file) {
  try {
    return /\d+(\.\d+)+/.exec(execFileSync(file, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))[0];
  } catch {
    return undefined;
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export async function untilItAnswers(at) {
  for (let tries = 0; tries < 100; tries++) {
    const socket = connect(at);
    const isUp = await new Promise((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (isUp) return;
    await sleep(50);
  }
  throw new Error(`No server answers at port ${at.port}.`);
}
