/** The place where a store keeps the sessions. */
export type DatabaseName = 'sqlite' | 'postgresql' | 'mariadb' | 'mysql' | 'redis' | 'memory' | 'none';

/** The role of a store in the comparison. */
export type StoreKind =
  /** This library. */
  | 'ours'
  /** Another store of express-session. */
  | 'peer'
  /** No session: the limit of the driver or the framework alone. */
  | 'reference';

/** One store under test, as data. The app's process opens the store from it. */
export interface StoreDefinition {
  readonly id: string;
  readonly label: string;
  readonly kind: StoreKind;
  readonly database: DatabaseName;
  /** The file in `app/openers` that opens it. */
  readonly opener: string;
  /** The settings of the opener, besides the servers' addresses. */
  readonly settings: Readonly<Record<string, string>>;
  /** The packages whose versions belong in the report. */
  readonly packages: readonly string[];
  /** Whether a quick run includes it. */
  readonly isQuick: boolean;
  /** Whether it is measured at several sizes and numbers of connections. */
  readonly isMain: boolean;
  /** The checkout whose build is used. Default: this one. */
  readonly checkout?: string;
}
