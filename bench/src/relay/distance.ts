import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Target } from './relay.js';
import type { RelayMessage, RelaySettings } from './relay-process.js';

/** A distance to a server: the address of a relay, in its own process, behind which the server is this far away. */
export class Distance {
  readonly host = '127.0.0.1';

  private constructor(
    private readonly relay: ChildProcess,
    readonly port: number,
  ) {}

  /**
   * @param roundTrip in ms
   * @param file the compiled program of the relay
   */
  static async open(
    { host, port }: Target,
    roundTrip: number,
    file = fileURLToPath(new URL('./relay-process.js', import.meta.url)),
  ): Promise<Distance> {
    const settings: RelaySettings = { target: { host, port }, roundTrip };
    const relay = fork(file, [JSON.stringify(settings)], { execArgv: [] });
    const ended = once(relay, 'exit').then(([code]) => Promise.reject(new Error(`The relay ended with ${code} during its start.`)));
    ended.catch(() => {});
    const [message] = (await Promise.race([once(relay, 'message'), ended])) as [RelayMessage];
    return new Distance(relay, message.port);
  }

  /** Returns how many round trips the clients have made so far. */
  async roundTrips(): Promise<number> {
    this.relay.send('count');
    const [{ roundTrips }] = (await once(this.relay, 'message')) as [RelayMessage];
    return roundTrips;
  }

  async close(): Promise<void> {
    const ended = once(this.relay, 'exit');
    this.relay.disconnect();
    await ended;
  }
}
