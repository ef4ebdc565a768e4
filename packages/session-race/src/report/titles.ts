import type { BreachKind } from '../witness/breach.js';

/** The name of a kind of loss, at the beginning of a sentence. */
export function titleOf(kind: BreachKind): string {
  return { lost: 'Lost update', resurrected: 'Resurrected session', stale: 'Stale read', foreign: 'Data of another browser' }[kind];
}
