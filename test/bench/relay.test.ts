import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Distance } from '../../bench/src/relay/distance.js';

const RELAY = 'build/bench/src/relay/relay-process.js';
const ROUND_TRIP = 30;

describe('a relay', () => {
  let echo: Server;
  let distance: Distance;

  beforeAll(async () => {
    echo = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    distance = await Distance.open({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port }, ROUND_TRIP, RELAY);
  });
  afterAll(async () => {
    await distance.close();
    echo.close();
    await once(echo, 'close');
  });

  /** Runs `work` on a connection through the relay. Returns how long it took, in ms, and the round trips. */
  async function measure(work: (socket: Socket) => Promise<unknown>): Promise<{ took: number; roundTrips: number }> {
    const before = await distance.roundTrips();
    const start = performance.now();
    const socket = connect({ host: distance.host, port: distance.port, noDelay: true });
    await work(socket);
    const took = performance.now() - start;
    socket.end();
    await once(socket.resume(), 'end');
    return { took, roundTrips: (await distance.roundTrips()) - before };
  }

  async function say(socket: Socket, text: string): Promise<void> {
    socket.write(text);
    let heard = '';
    while (heard.length < text.length) heard += String((await once(socket, 'data'))[0]);
    expect(heard).toBe(text);
  }

  it('opens a connection within one round trip, and answers after another', async () => {
    const { took, roundTrips } = await measure((socket) => say(socket, 'hello'));
    expect(took).toBeGreaterThanOrEqual(2 * ROUND_TRIP);
    expect(roundTrips).toBe(1);
  });

  it('counts what is sent after an answer as one more round trip', async () => {
    const { took, roundTrips } = await measure(async (socket) => {
      for (const text of ['one', 'two', 'three', 'four']) await say(socket, text);
    });
    expect(took).toBeGreaterThanOrEqual(5 * ROUND_TRIP);
    expect(roundTrips).toBe(4);
  });

  it('counts what is sent without an answer as the same round trip', async () => {
    const { roundTrips } = await measure(async (socket) => {
      const heard = once(socket, 'data');
      for (const text of ['one', 'two', 'three']) {
        socket.write(text);
        await new Promise(setImmediate);
      }
      await heard;
    });
    expect(roundTrips).toBe(1);
  });

  it('passes on all bytes in their order, and the end of each side', async () => {
    const socket = connect({ host: distance.host, port: distance.port });
    const sent = Buffer.from(Array.from({ length: 500_000 }, (_, n) => (n * 7919) % 251));
    socket.end(sent);
    expect(sent.equals(await buffer(socket))).toBe(true);
  });
});
