/** The address and the login of a database server. */
export interface SqlServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** The servers that the app's process can use; undefined for a server that does not answer. */
export interface Addresses {
  readonly postgresql?: SqlServer;
  readonly mariadb?: SqlServer;
  readonly mysql?: SqlServer;
  /** The ports of the Redis servers, by durability. */
  readonly redis: Readonly<Record<string, number>>;
  /** A folder for database files. */
  readonly folder: string;
}

/** The number of connections that each store may use. Redis is an exception: its client needs one. */
export const POOL_SIZE = 10;

/**
 * The benchmark's own database on each server. It is created at the start and dropped at the end. Two benchmarks at the same time
 * need two names.
 */
export const DATABASE = process.env.BENCH_DATABASE ?? 'smart_session_bench';

/** @throws Error if no server answered at the address */
export function required<Address>(address: Address | undefined): Address {
  if (address === undefined) throw new Error('The server that this store needs does not answer.');
  return address;
}
