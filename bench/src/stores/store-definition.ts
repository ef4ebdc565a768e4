/** Where a store keeps the sessions. */
export type DatabaseName = 'sqlite' | 'postgresql' | 'mariadb' | 'redis' | 'memory' | 'none';

/** What a store is to the comparison. */
export type StoreKind =
  /** This library. */
  | 'ours'
  /** Another store of express-session. */
  | 'peer'
  /** No session at all: what the driver, or the framework, can do alone. */
  | 'reference';

/** One store under test, as data: the app's process looks up by it what to open. */
export interface StoreDefinition {
  readonly id: string;
  readonly label: string;
  readonly kind: StoreKind;
  readonly database: DatabaseName;
  /** The file in `app/openers` that opens it. */
  readonly opener: string;
  /** What the opener needs beside the servers' addresses. */
  readonly settings: Readonly<Record<string, string>>;
  /** The packages whose versions belong to its figures. */
  readonly packages: readonly string[];
  /** Whether it is among the few stores of a quick run. */
  readonly isQuick: boolean;
  /** Whether it is among those that are measured at several sizes and numbers of connections. */
  readonly isMain: boolean;
  /** Whether it runs only when it is asked for by name. */
  readonly isOptional: boolean;
  /** The checkout whose build runs it. Default: this one. */
  readonly checkout?: string;
}
