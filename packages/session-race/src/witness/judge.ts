import type { History } from '../history/history.js';
import type { Breach, BreachKind } from './breach.js';
import { findForeign } from './foreign-data.js';
import { countContended, countJudged, findLost } from './lost-updates.js';
import { findLateEnds, findResurrected } from './resurrections.js';
import { countVanished, findStale } from './stale-reads.js';

/** The findings in the answers of a race. */
export interface Judgement {
  readonly breaches: Readonly<Record<BreachKind, readonly Breach[]>>;
  /** Acknowledged updates that were looked for after their answer. */
  readonly acknowledged: number;
  /** Of those, how many ran at the same time as another update of the same session. */
  readonly contended: number;
  /** Sessions whose end was acknowledged, and which were looked for afterwards. */
  readonly ended: number;
  /** Answered reads. */
  readonly reads: number;
  /** Acknowledged updates that a read did not find, and a later one did: overwritten for a while, or read too early. No loss. */
  readonly vanished: number;
}

/** Judges a history by its answers alone, without a look at what is stored. */
export function judge(history: History): Judgement {
  const { sessions } = history;
  const sum = (count: (session: (typeof sessions)[number]) => number) => sessions.reduce((total, session) => total + count(session), 0);
  return {
    breaches: {
      lost: sessions.flatMap(findLost),
      resurrected: sessions.flatMap(findResurrected),
      stale: sessions.flatMap((session) => [...findStale(session), ...findLateEnds(session)]),
      foreign: sessions.flatMap((session) => findForeign(session, history)),
    },
    acknowledged: sum(countJudged),
    contended: sum(countContended),
    ended: sessions.filter(({ endedAt, requests }) => requests.some(({ seen, startedAt }) => seen && startedAt > (endedAt ?? Infinity)))
      .length,
    reads: history.requests.filter(({ seen }) => seen).length,
    vanished: sum(countVanished),
  };
}
