import type { DialectName } from '../../src/index.js';

/** An address of a server or of a proxy, as MikroORM's options. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly dbName: string;
}

/** A server of a cluster. */
export interface ClusterMember {
  readonly name: string;
  /** The address of the server itself. */
  readonly address: ServerAddress;
  /** Ends it like a lost process: kill -9. */
  crash(): Promise<void>;
  /** Stops it until `resume`. Its connections stay open. */
  pause(): void;
  resume(): void;
  /** Ends it in an orderly way. */
  stop(): Promise<void>;
  /** Starts it after its end, and lets it join the cluster again. */
  start(): Promise<void>;
}

/** A cluster that a nemesis may hurt. */
export interface Cluster {
  readonly dialect: DialectName;
  readonly members: readonly ClusterMember[];
  /** Returns the address that a process of the app uses: a member, or a proxy that leads to the primary. */
  addressOf(process: number): ServerAddress;
  /** Returns the body of a trigger with this statement, if the statement alone would disturb the cluster. */
  triggerBody?(statement: string): string;
  /** Whether all members are in the cluster, and have everything that was committed before the call. Clients may go on meanwhile. */
  isSettled(): Promise<boolean>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}
