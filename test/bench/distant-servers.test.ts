import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { Distance } from '../../bench/src/relay/distance.js';
import { DistantServers } from '../../bench/src/relay/distant-servers.js';
import type { Addresses } from '../../bench/src/servers/addresses.js';
import { findStore } from '../../bench/src/stores/catalog.js';

const RELAY = 'build/bench/src/relay/relay-process.js';

describe('the servers of a benchmark at a distance', () => {
  let echo: Server;
  let near: Addresses;
  let servers: DistantServers;

  beforeAll(async () => {
    echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const { port } = echo.address() as AddressInfo;
    near = {
      postgresql: { host: '127.0.0.1', port, user: 'user', password: 'password', database: 'database' },
      redis: { always: port, nothing: 1 },
      folder: '/folder',
    };
    servers = new DistantServers(near, (target, roundTrip) => Distance.open(target, roundTrip, RELAY));
  });
  afterAll(async () => {
    await servers.close();
    echo.close();
  });

  async function roundTripOf(port: number): Promise<number> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    socket.write('first, after the handshake');
    await once(socket, 'data');
    const start = performance.now();
    socket.write('second');
    await once(socket, 'data');
    socket.destroy();
    return performance.now() - start;
  }

  it('have the login of the server and the port of a relay', async () => {
    const far = await servers.addressesFor(findStore('ours-postgresql'), 20);
    expect(far).toEqual({ ...near, postgresql: { ...near.postgresql, port: expect.any(Number) } });
    expect(await roundTripOf(far.postgresql!.port)).toBeGreaterThanOrEqual(20);
  });

  it('have one relay for all stores of a server, and another one for each distance', async () => {
    const portAt = async (id: string, roundTrip: number) => (await servers.addressesFor(findStore(id), roundTrip)).postgresql!.port;
    expect(await portAt('connect-pg-simple', 20)).toBe(await portAt('ours-postgresql', 20));
    expect(await portAt('connect-pg-simple', 1)).not.toBe(await portAt('ours-postgresql', 20));
  });

  it('have the Redis server of the store', async () => {
    const far = await servers.addressesFor(findStore('redis-always'), 20);
    expect(far.redis).toEqual({ always: expect.any(Number), nothing: 1 });
    expect(await roundTripOf(far.redis.always!)).toBeGreaterThanOrEqual(20);
  });

  it('are none for SQLite, nor for a server that does not answer', async () => {
    await expect(servers.addressesFor(findStore('ours-sqlite'), 20)).rejects.toThrow('ours-sqlite cannot be at a distance of 20 ms');
    await expect(servers.addressesFor(findStore('ours-mysql'), 20)).rejects.toThrow('does not answer');
  });
});
