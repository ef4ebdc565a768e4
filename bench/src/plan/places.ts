import { DistantServers } from '../relay/distant-servers.js';
import type { Addresses } from '../servers/addresses.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import { NodeVersions } from './node-versions.js';
import type { Scenario } from './scenario.js';

/** Where an app runs. */
export interface Place {
  /** The servers, as the app sees them. */
  readonly addresses: Addresses;
  /** The program of the Node that runs the app; undefined for the Node of this process. */
  readonly execPath?: string;
}

/** Prepares the relays and the versions of Node that scenarios need. */
export class Places {
  readonly #nodes = new NodeVersions();
  readonly #distantServers: DistantServers;

  constructor(private readonly addresses: Addresses) {
    this.#distantServers = new DistantServers(addresses);
  }

  /** The versions of Node in use, beside that of this process. */
  get otherNodes(): readonly string[] {
    return this.#nodes.others;
  }

  /** Returns where the app of a store runs in a scenario. */
  async of(store: StoreDefinition, { roundTrip, node }: Scenario): Promise<Place> {
    return {
      addresses: roundTrip === undefined ? this.addresses : await this.#distantServers.addressesFor(store, roundTrip),
      ...(node !== undefined && { execPath: await this.#nodes.programOf(node) }),
    };
  }

  /** Ends the relays. */
  close(): Promise<void> {
    return this.#distantServers.close();
  }
}
