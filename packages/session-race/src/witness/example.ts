import type { HistoryRequest } from '../history/history-request.js';
import { History } from '../history/history.js';
import type { Breach } from './breach.js';
import { judge } from './judge.js';
import { shrink } from './shrink.js';

/** The shortest history that shows a loss. */
export interface Example extends Breach {
  /** In the order in which they began. */
  readonly requests: readonly HistoryRequest[];
}

/** So many losses of a kind are shrunk, of which the shortest is the example. */
const MOST_SHRUNK = 20;

/** Shrinks some losses of one kind, and returns the shortest, if there is one. */
export function shortestExample(breaches: readonly Breach[], history: History): Example | undefined {
  const examples = breaches.slice(0, MOST_SHRUNK).map((breach) => exampleOf(breach, history));
  return examples.toSorted((a, b) => a.requests.length - b.requests.length || durationOf(a) - durationOf(b))[0];
}

function exampleOf(breach: Breach, history: History): Example {
  const { victim, proof, suspect } = breach;
  const isAbout = ({ key, newKey }: HistoryRequest) => key === breach.session || newKey === breach.session;
  const related = history.requests.filter((request) => isAbout(request) || request === victim);
  const requests = shrink(related, (rest) => (suspect === undefined || rest.includes(suspect)) && findSame(breach, rest) !== undefined);
  const all = new Set([...requests, victim, proof, ...(suspect ? [suspect] : [])]);
  // The key is that of the rest: of a session that came back, it may have been any.
  return { ...(findSame(breach, requests) ?? breach), requests: [...all].toSorted((a, b) => a.startedAt - b.startedAt) };
}

/** The same loss in a part of the history. */
function findSame({ kind, victim, proof, suspect }: Breach, requests: readonly HistoryRequest[]): Breach | undefined {
  const { breaches } = judge(new History({ requests, audit: [], leftBehind: [] }));
  return breaches[kind].find((found) => found.victim === victim && found.proof === proof && found.suspect === suspect);
}

function durationOf({ requests }: Example): number {
  return Math.max(...requests.map(({ endedAt }) => endedAt)) - requests[0]!.startedAt;
}
