import type { DaemonPlace } from './daemon-place.js';
import { freePort } from './free-port.js';
import type { GaleraSeat } from './galera-configuration.js';
import { GaleraNode } from './galera.js';

/**
 * Starts a cluster on this machine.
 *
 * @param place of the nodes
 */
export async function startGalera(size = 3, place?: DaemonPlace): Promise<GaleraNode[]> {
  const seats: GaleraSeat[] = [];
  for (let n = 0; n < size; n++)
    seats.push({ host: '127.0.0.1', client: await freePort(), group: await freePort(), log: await freePort(), copy: await freePort() });
  const nodes = seats.map((seat, n) => new GaleraNode(`node${n + 1}`, seat, seats, { place }));
  await joinAll(nodes);
  return nodes;
}

/** Starts new nodes one after the other, because a node sends its copy to only one joining node at a time. */
export async function joinAll(nodes: readonly GaleraNode[]): Promise<void> {
  try {
    nodes[0]!.create();
    await nodes[0]!.found();
    for (const node of nodes.slice(1)) await node.start();
  } catch (error) {
    await Promise.all(nodes.map((node) => node.stop()));
    throw error;
  }
}
