import type { History } from '../history/history.js';
import type { BreachKind } from '../witness/breach.js';
import { shortestExample, type Example } from '../witness/example.js';
import type { Judgement } from '../witness/judge.js';
import type { RaceSettings } from '../workload/race-settings.js';

/** The result of a race. */
export interface RaceReport {
  /** `clean`: the race has shown no loss. That is no proof that there is none. `lossy`: each loss that is counted is certain. */
  readonly verdict: 'clean' | 'lossy';
  /** Acknowledged updates that were looked for afterwards. */
  readonly acknowledged: number;
  /** Of those, how many are gone, though no other request has touched their key. */
  readonly lost: number;
  /** Of the acknowledged updates, how many ran at the same time as another one of the same session. */
  readonly contended: number;
  /** Sessions whose end was acknowledged and which were looked for afterwards, and how many of them came back. */
  readonly ended: number;
  readonly resurrected: number;
  /** Answered reads; how many of them were older than what was acknowledged; and how many showed what another browser had set. */
  readonly reads: number;
  readonly stale: number;
  readonly foreign: number;
  /** Acknowledged updates that were missing for a while. No loss, and not counted as one. */
  readonly vanished: number;
  /** Requests without an acknowledgement: refused, and of unknown outcome. They are never counted as lost. */
  readonly refused: number;
  readonly unknown: number;
  readonly requests: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly places: readonly string[];
  readonly settings: RaceSettings;
  /** The parts that were not judged, and why. */
  readonly notes: readonly string[];
  /** For each kind of loss that was found, the shortest history that shows it. */
  readonly examples: readonly Example[];
}

/** The parts of a report. */
export interface RaceOutcome {
  readonly history: History;
  readonly judgement: Judgement;
  readonly places: readonly string[];
  readonly settings: RaceSettings;
  readonly round: number;
  readonly seconds: number;
  readonly notes: readonly string[];
}

const KINDS: readonly BreachKind[] = ['lost', 'resurrected', 'stale', 'foreign'];

export function makeReport({ history, judgement, places, settings, round, seconds, notes }: RaceOutcome): RaceReport {
  const { breaches, acknowledged, contended, ended, reads, vanished } = judgement;
  const counts = {
    lost: breaches.lost.length,
    resurrected: breaches.resurrected.length,
    stale: breaches.stale.length,
    foreign: breaches.foreign.length,
  };
  const withOutcome = (...outcomes: string[]) => history.requests.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    verdict: KINDS.some((kind) => counts[kind] > 0) ? 'lossy' : 'clean',
    acknowledged,
    ...counts,
    contended,
    ended,
    reads,
    vanished,
    refused: withOutcome('failed'),
    unknown: withOutcome('unknown', 'hung'),
    requests: history.requests.length,
    rounds: round,
    seconds,
    places,
    settings,
    notes,
    examples: KINDS.flatMap((kind) => shortestExample(breaches[kind], history) ?? []),
  };
}
