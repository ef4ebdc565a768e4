import { FaultSite } from '../support/fault-site.js';
import type { GaleraNode } from '../support/galera.js';
import { startGalera } from '../support/start-galera.js';
import type { DaemonPlace } from '../support/daemon-place.js';
import { DriverStore, type DriverSettings } from './driver-store.js';
import type { Recording } from './operation.js';
import { recordWorkload, type WorkloadTerms } from './record.js';
import { SessionStore } from './session-store.js';

/** How the library works. */
export interface LibrarySettings {
  readonly locking: 'optimistic' | 'pessimistic';
  readonly repository: 'SqlSessionRepository' | 'EntityManagerSessionRepository';
  readonly syncWait: number;
}

/** A Galera cluster on which the workloads run, through the library or beside it. */
export class GaleraWorkloads {
  private constructor(
    readonly nodes: readonly GaleraNode[],
    readonly site: FaultSite,
  ) {}

  static async open(place?: DaemonPlace): Promise<GaleraWorkloads> {
    return GaleraWorkloads.on(await startGalera(3, place));
  }

  static on(nodes: readonly GaleraNode[]): GaleraWorkloads {
    return new GaleraWorkloads(nodes, FaultSite.around(nodes[0]!));
  }

  /** Runs them through three processes of an app, each on a node of its own. */
  async throughLibrary({ locking, repository, syncWait }: LibrarySettings, terms: WorkloadTerms) {
    const { nodes, site } = this;
    await Promise.all(nodes.map((node) => node.run((run) => run(`set global wsrep_sync_wait = ${syncWait}`))));
    try {
      await site.startApps(nodes.length, { through: (n) => nodes[n]!.address, repository, options: { timeout: 8000, locking } });
      const store = await SessionStore.create(
        site.apps.map(({ url }) => url),
        terms.keys,
      );
      return await recordWorkload(store, terms);
    } finally {
      await site.endApps();
    }
  }

  /** Runs them as transactions of a driver. */
  async throughDriver(settings: DriverSettings, terms: WorkloadTerms): Promise<Recording> {
    const store = new DriverStore(
      this.nodes.map(({ address }) => address),
      settings,
    );
    try {
      await store.create(terms.keys);
      const recording = await recordWorkload(store, terms);
      await store.drop();
      return recording;
    } finally {
      await store.close();
    }
  }

  async close(): Promise<void> {
    await this.site.close();
    await Promise.all(this.nodes.slice(1).map((node) => node.stop()));
  }
}
