import type { PatroniCluster } from '../../support/patroni/patroni-cluster.js';
import type { Progress } from '../progress.js';

/** Causes a fault and ends it. */
export type Strike = (cluster: PatroniCluster, progress: Progress) => Promise<void>;

/** How many requests are answered during a fault, or after a failover. */
export const ANSWERS = 150;

/** Longer than the lock of the primary lasts, so that another member is elected. In ms. */
export const BEYOND_LOCK = 30_000;
