import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import type { Server } from './server.js';

/** The settings of a Redis server's durability, by name. */
const DURABILITIES: Readonly<Record<string, readonly string[]>> = {
  nothing: ['--save', '', '--appendonly', 'no'],
  always: ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
};

/** Starts a Redis server for each durability on a free port. They end with the benchmark. */
export async function prepareRedis(folder: string): Promise<Server<Record<string, number>>> {
  const servers: ChildProcess[] = [];
  const address: Record<string, number> = {};
  let version = '';
  const stop = async () => void (await Promise.all(servers.map(endProcess)));
  try {
    for (const [durability, flags] of Object.entries(DURABILITIES)) {
      const port = await freePort();
      servers.push(await startServer(port, `${folder}/redis-${durability}`, flags));
      version = await versionOf(port);
      address[durability] = port;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { version: `Redis ${version}`, address, stop };
}

async function startServer(port: number, folder: string, flags: readonly string[]): Promise<ChildProcess> {
  await mkdir(folder, { recursive: true });
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...flags], {
    stdio: 'ignore',
    detached: true,
  });
  await once(server, 'spawn');
  return server;
}

async function versionOf(port: number): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false } });
    client.on('error', () => {});
    try {
      await client.connect();
      const version = /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? '';
      await client.close();
      return version;
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
