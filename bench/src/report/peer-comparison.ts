import type { RunRecord } from '../plan/run-record.js';
import { findStore, STORES } from '../stores/catalog.js';
import { byRound, type Bar } from './bars.js';
import { ratioOf, spreadOf, type Spread } from './statistics.js';

/** A figure of one of this library's rows beside that of a peer on the same database. */
export interface PeerComparison extends Pick<Bar, 'ours' | 'peer' | 'scenario' | 'figure'> {
  /** The ratio of this library's figure to the peer's, within each round. */
  readonly ratio: Spread;
}

const FIGURES = ['requestsPerSecond', 'p50'] as const;

/** Compares each row of this library with each peer that ran the same scenario on the same database. */
export function compareWithPeers(records: readonly RunRecord[]): PeerComparison[] {
  const rows = new Map(records.map((record) => [`${record.scenario} ${record.store}`, record]));
  return [...rows.values()]
    .filter(({ store }) => findStore(store).kind === 'ours')
    .flatMap(({ store, scenario }) => peersOf(store).flatMap((peer) => comparePair(records, store, peer, scenario)));
}

/** Returns the comparison with the peer that has the most requests per second; undefined if no peer ran the scenario. */
export function bestPeerOf(
  comparisons: readonly PeerComparison[],
  records: readonly RunRecord[],
  { store, scenario }: Pick<RunRecord, 'store' | 'scenario'>,
): PeerComparison | undefined {
  const speedOf = ({ peer, figure }: PeerComparison) => spreadOf([...byRound(records, peer, { scenario, figure }).values()]).median;
  return comparisons
    .filter((one) => one.ours === store && one.scenario === scenario && one.figure === 'requestsPerSecond')
    .toSorted((one, other) => speedOf(other) - speedOf(one))[0];
}

/** This library has no store on Redis and none in memory, so those stores are not its peers. */
function peersOf(ours: string): string[] {
  const { database } = findStore(ours);
  return STORES.filter((store) => store.kind === 'peer' && store.database === database).map(({ id }) => id);
}

function comparePair(records: readonly RunRecord[], ours: string, peer: string, scenario: string): PeerComparison[] {
  return FIGURES.flatMap((figure) => {
    const ratio = ratioOf(byRound(records, ours, { scenario, figure }), byRound(records, peer, { scenario, figure }));
    return ratio ? [{ ours, peer, scenario, figure, ratio }] : [];
  });
}
