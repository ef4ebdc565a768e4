import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { slotValue } from '../../bench/src/app/sample-session.js';
import { runLoad } from '../../bench/src/load/run-load.js';
import { SessionPool } from '../../bench/src/load/session-pool.js';

describe('a run of the benchmark', () => {
  it('waits for the answers of running requests when its time is over', async () => {
    const slots = new Map<string, string>();
    const server = createServer((request, response) => {
      const { searchParams } = new URL(request.url!, 'http://app');
      const [slot, value] = [String(searchParams.get('slot')), String(searchParams.get('value'))];
      // Writes late, as a store does that has much to do.
      setTimeout(() => {
        response.setHeader('Set-Cookie', 'sid=one; Path=/');
        response.end(slots.get(slot) ?? slotValue(0));
        slots.set(slot, value);
      }, 150);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const pool = await SessionPool.make(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 1, 1000, true);
    const { requests, sent, errors } = await runLoad(pool, { operation: 'write', connections: 4, sessions: 1 }, 0.05);
    server.close();
    expect({ requests, sent, errors, acknowledged: pool.ledger.acknowledged }).toEqual({
      requests: 0,
      sent: 4,
      errors: 0,
      acknowledged: 4,
    });
  });
});
