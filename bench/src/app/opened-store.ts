import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import type { Addresses } from '../servers/addresses.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import type { StatementCounter } from './statement-counter.js';

/** A store, ready to serve the app. */
export interface OpenedStore {
  /** The metadata of the app's module. */
  readonly module: ModuleMetadata;
  /** Mounts middleware, as an app does in its `main.ts`. */
  mount?(app: INestApplication): void;
  readonly statements: StatementCounter;
  /** Closes what Nest does not close. */
  close?(): Promise<void> | void;
}

/** The `open` that each file of `openers` exports. */
export type OpenStore = (definition: StoreDefinition, addresses: Addresses) => OpenedStore | Promise<OpenedStore>;
