import { Distance } from '../../bench/src/relay/distance.js';
import { CONNECTIONS } from './databases.js';

/** A database server over a network. */
export type ServerDialect = Exclude<keyof typeof CONNECTIONS, 'sqlite'>;

/** Opens a distance to a database of the tests. Its `host` and `port` take the place of the server's. */
export function openDistance(dialect: ServerDialect, roundTrip: number): Promise<Distance> {
  return Distance.open(CONNECTIONS[dialect], roundTrip, 'build/bench/src/relay/relay-process.js');
}
