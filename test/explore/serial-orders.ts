import { isDeepStrictEqual } from 'node:util';
import type { AnswerMessage } from './history-worker.js';
import { INITIAL, operationOf, type OperationName, type Values } from './operations.js';

/** A request of a history, with its answer. */
export interface Served {
  readonly actor: string;
  /** The process and the service in it: commits of one service may have joined. Default: one of its own. */
  readonly service?: string;
  readonly operation: OperationName;
  readonly answer: AnswerMessage;
}

/** What a session's row holds in the end; undefined where there is none. */
export type Final = { readonly values: Values; readonly version: number } | undefined;

interface State {
  readonly values: Values | undefined;
  /** How many commits have changed something. */
  readonly version: number;
}

/**
 * Whether some order of the requests' commits, one after the other, gives the final row, its version,
 * and every answer.
 */
export function isExplained(requests: readonly Served[], final: Final): boolean {
  const commits = requests.flatMap((request) => Array.from({ length: operationOf(request.operation).commits ?? 1 }, () => request));
  const writers = commits.filter(({ operation }) => operationOf(operation).effect);
  const services = new Set(writers.map(({ service, actor }) => service ?? actor));
  // Of each service's commits all may have joined the first.
  const mayHaveJoined = writers.length - services.size;
  const isFinal = ({ values, version }: State) => {
    if (!values || !final) return values === final;
    const isVersion = final.version <= version && final.version >= Math.max(version - mayHaveJoined, Math.min(version, 1));
    return isVersion && isDeepStrictEqual(values, final.values);
  };
  return extend({ values: INITIAL, version: 0 }, commits, isFinal);
}

function extend(state: State, left: readonly Served[], isFinal: (state: State) => boolean): boolean {
  if (left.length === 0) return isFinal(state);
  return [...new Set(left)].some((request) => {
    const next = apply(state, request);
    const n = left.indexOf(request);
    return next !== undefined && extend(next, left.toSpliced(n, 1), isFinal);
  });
}

/** The state after a commit; undefined when the request's answer says otherwise. */
function apply(state: State, { actor, operation, answer }: Served): State | undefined {
  const { effect, ends, result } = operationOf(operation);
  const { values, version } = state;
  if (values === undefined) return answer.kind === 'failed' || (result && answer.kind === 'ok') ? undefined : state;
  if (answer.kind !== 'ok') return undefined;
  if (ends) return { values: undefined, version };
  if (!effect) return state;
  const next = effect(values, actor);
  if (result && answer.result !== result(next)) return undefined;
  return { values: next, version: isDeepStrictEqual(next, values) ? version : version + 1 };
}
