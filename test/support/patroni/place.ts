import type { LabHost } from '../lab-network.js';

const SERVERS = ['postgresql', 'patroni', 'etcd', 'etcd peer', 'haproxy'] as const;

/** A host that servers of the cluster run on. */
export interface Place extends LabHost {
  port(server: (typeof SERVERS)[number]): number;
}

/** Returns the place of a host. All its ports are free. */
export function placeOn(host: LabHost): Place {
  return { ...host, port: (server) => 7001 + SERVERS.indexOf(server) };
}
