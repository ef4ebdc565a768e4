/** Where a database server is, and who asks. */
export interface SqlServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** What the app's process is told of the servers; undefined for one that does not answer. */
export interface Addresses {
  readonly postgresql?: SqlServer;
  readonly mariadb?: SqlServer;
  /** The ports of the Redis servers, by durability. */
  readonly redis: Readonly<Record<string, number>>;
  /** A folder for database files. */
  readonly folder: string;
}

/** The connections that each store may hold to its database, but for Redis, whose client needs one. */
export const POOL_SIZE = 10;

/** The benchmark's own database on each server: made at its start, dropped at its end. */
export const DATABASE = 'smart_session_bench';

/** @throws Error when nothing answered there */
export function required<Address>(address: Address | undefined): Address {
  if (address === undefined) throw new Error('The server that this store needs does not answer.');
  return address;
}
