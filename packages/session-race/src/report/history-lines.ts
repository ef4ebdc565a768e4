import type { HistoryRequest, Values } from '../history/history-request.js';
import type { Example } from '../witness/example.js';

/** One request of an example, in words. */
export interface HistoryLine {
  /** `1`, `2`: in the order in which the requests began. */
  readonly number: number;
  /** From the beginning of the example, in ms. */
  readonly from: number;
  readonly to: number;
  readonly actor: string;
  /** The request, in words. */
  readonly asked: string;
  /** The answer, in words. */
  readonly answered: string;
  readonly role: 'victim' | 'suspect' | 'proof' | 'context';
  /** The part that it plays in the loss. */
  readonly meaning?: string;
}

/** The requests of an example, in words. */
export function linesOf(example: Example, places: readonly string[]): HistoryLine[] {
  const begin = example.requests[0]!.startedAt;
  return example.requests.map((request, n) => {
    const role = roleOf(request, example);
    const meaning = meaningOf(example, role);
    return {
      number: n + 1,
      from: request.startedAt - begin,
      to: request.endedAt - begin,
      actor: `${request.owner}, tab ${request.client}${places.length > 1 ? `, at ${places[request.process]!.replace(/^https?:\/\//, '')}` : ''}`,
      asked: askedBy(request),
      answered: answerOf(request),
      role,
      ...(meaning ? { meaning } : {}),
    };
  });
}

/** Says why the requests are a contradiction. */
export function explain(example: Example, lines: readonly HistoryLine[]): string {
  const number = (role: HistoryLine['role']) => `(${lines.find((line) => line.role === role)?.number ?? '?'})`;
  const [victim, suspect, proof] = [number('victim'), number('suspect'), number('proof')];
  const overlap = example.suspect
    ? ` ${suspect} ran at the same time. It probably loaded the session before ${victim} and saved all of it after ${victim}.`
    : '';
  switch (example.kind) {
    case 'lost':
      return `${victim} set ${example.key} and was acknowledged. ${proof} began after that, and ${example.key} is not there. No request has deleted it.${overlap}`;
    case 'resurrected':
      return `${victim} ended the session and was acknowledged. ${proof} began after that, and finds ${example.key}, which was set before.${example.suspect ? ` ${suspect} ran at the same time. It probably saved the session that it had loaded before.` : ''}`;
    case 'stale':
      return example.victim.operation === 'put' || example.victim.operation === 'begin'
        ? `${victim} set ${example.key} and was acknowledged. ${proof} began after that, and shows the session of before. A later read has ${example.key}. Nothing else ran at the time.`
        : `${victim} ended the session and was acknowledged. ${proof} began after that, and still finds it.`;
    case 'foreign':
      return `${victim} set a value in the session of ${example.victim.owner}. ${proof} was sent by ${example.proof.owner}, and shows it.`;
  }
}

function roleOf(request: HistoryRequest, { victim, suspect, proof }: Example): HistoryLine['role'] {
  if (request === victim) return 'victim';
  if (request === suspect) return 'suspect';
  return request === proof ? 'proof' : 'context';
}

function meaningOf({ kind, key }: Example, role: HistoryLine['role']): string | undefined {
  if (role === 'suspect') return kind === 'resurrected' ? 'ran at the same time as the end' : 'ran at the same time, and is kept';
  if (role === 'victim')
    return { lost: 'is lost', resurrected: 'is undone', stale: 'is not seen yet', foreign: 'is seen by another' }[kind];
  if (role === 'proof') return { lost: `lacks ${key}`, resurrected: 'finds the session', stale: 'is too old', foreign: 'sees it' }[kind];
  return undefined;
}

function askedBy({ operation, puts, cookie }: HistoryRequest): string {
  const with_ = cookie ? ` with ${cookie}` : '';
  const [key] = Object.keys(puts);
  if (operation === 'begin') return key === undefined ? 'begins the session' : `begins the session, sets ${key}`;
  if (operation === 'put') return `sets ${key}${with_}`;
  if (operation === 'login') return `regenerates the session${with_}`;
  return operation === 'logout' ? `logs out${with_}` : `reads${with_}`;
}

function answerOf({ outcome, status, seen, error }: HistoryRequest): string {
  if (seen) return `finds ${namesOf(seen)}`;
  if (outcome === 'ok') return status === undefined ? 'acknowledged' : `acknowledged, ${status}`;
  return outcome === 'failed' ? `refused: ${error}` : `outcome unknown: ${error}`;
}

function namesOf(seen: Values): string {
  const names = Object.keys(seen);
  return names.length === 0 ? 'nothing' : names.join(', ');
}
