import { required, type Addresses } from '../servers/addresses.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import { Distance } from './distance.js';
import type { Target } from './relay.js';

/** The servers of the stores at several distances. A relay is opened when it is first needed. */
export class DistantServers {
  readonly #distances = new Map<string, Promise<Distance>>();

  /** @param open opens a relay, in place of `Distance.open` */
  constructor(
    private readonly addresses: Addresses,
    private readonly open = (target: Target, roundTrip: number): Promise<Distance> => Distance.open(target, roundTrip),
  ) {}

  /**
   * Returns the addresses with the server of a store at a distance.
   *
   * @param roundTrip in ms
   * @throws Error if the store has no server
   */
  async addressesFor({ id, database, settings }: StoreDefinition, roundTrip: number): Promise<Addresses> {
    const { addresses } = this;
    if (database === 'postgresql' || database === 'mariadb' || database === 'mysql') {
      const server = required(addresses[database]);
      const { host, port } = await this.#open(server, roundTrip);
      return { ...addresses, [database]: { ...server, host, port } };
    }
    if (database === 'redis') {
      const durability = settings.durability!;
      const { port } = await this.#open({ host: '127.0.0.1', port: required(addresses.redis[durability]) }, roundTrip);
      return { ...addresses, redis: { ...addresses.redis, [durability]: port } };
    }
    throw new Error(`${id} cannot be at a distance of ${roundTrip} ms: it has no server. Choose a store with a server.`);
  }

  /** Ends all relays. */
  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#distances.values());
    await Promise.all(opened.map((result) => (result.status === 'fulfilled' ? result.value.close() : undefined)));
  }

  #open(target: Target, roundTrip: number): Promise<Distance> {
    const key = `${target.host}:${target.port} at ${roundTrip} ms`;
    const distance = this.#distances.get(key) ?? this.open(target, roundTrip);
    this.#distances.set(key, distance);
    return distance;
  }
}
