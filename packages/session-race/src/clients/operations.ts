import { PAIRS } from '../checkers/fractured-deltas.js';
import type { OperationName, Values } from '../history/history-request.js';

/** The keys and values for an operation. */
export interface OperationContext {
  /** A value that nobody has put before. */
  readonly value: string;
  /** A key that nobody has put before. */
  readonly ownKey: string;
  /** A key that this client has put in the session; undefined when there is none. */
  readonly putKey: string | undefined;
  readonly sharedKey: string;
}

/** A kind of request that a client sends. */
export interface Operation {
  readonly path: string;
  /** How often, among the others. */
  readonly weight: number;
  puts?(context: OperationContext): Values;
  deletes?(context: OperationContext): readonly string[];
}

/** The operations of clients on a session that is there. */
export const OPERATIONS: Readonly<Record<Exclude<OperationName, 'begin'>, Operation>> = {
  read: { path: 'change', weight: 25 },
  put: { path: 'change', weight: 20, puts: ({ ownKey, value }) => ({ [ownKey]: value }) },
  forget: { path: 'change', weight: 12, deletes: ({ putKey }) => (putKey === undefined ? [] : [putKey]) },
  'put shared': { path: 'change', weight: 14, puts: ({ sharedKey, value }) => ({ [sharedKey]: value }) },
  'delete shared': { path: 'change', weight: 4, deletes: ({ sharedKey }) => [sharedKey] },
  'put pair': { path: 'change', weight: 10, puts: ({ value }) => Object.fromEntries(PAIRS.map((key) => [key, value])) },
  increment: { path: 'increment', weight: 6 },
  'change back': { path: 'change-back', weight: 4 },
  'put unstorable': { path: 'put-unstorable', weight: 1, puts: ({ ownKey, value }) => ({ [ownKey]: value }) },
  login: { path: 'login', weight: 1.5, puts: ({ value }) => ({ owner: value }) },
  logout: { path: 'logout', weight: 1.5 },
};

/** Operations that other stores cannot do: they have no rule for a count, and a value that cannot be stored hangs their request. */
export const OWN_OPERATIONS: readonly OperationName[] = ['increment', 'put unstorable'];
