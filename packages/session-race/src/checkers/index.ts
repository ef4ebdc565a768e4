import type { History } from '../history/history.js';
import { findPreviousData } from './foreign-data.js';
import { findFracturedDeltas } from './fractured-deltas.js';
import { findLostUpdates } from './lost-updates.js';
import { findReadsGoingBack } from './monotonic-reads.js';
import { findPhantoms } from './phantoms.js';
import { findRepeatedEffects } from './repeated-effects.js';
import { findResurrections } from './resurrections.js';
import { findStaleReads } from './stale-reads.js';
import { findUnboundedOutcomes } from './unbounded-outcomes.js';

/** Looks for breaches of one law in a history; each is a sentence that says what happened. */
export type Checker = (history: History) => string[];

/** Every checker, by what it finds. */
export const CHECKERS = {
  'lost updates': findLostUpdates,
  'stale reads': findStaleReads,
  'reads going back': findReadsGoingBack,
  resurrections: findResurrections,
  'foreign data': findPreviousData,
  'fractured deltas': findFracturedDeltas,
  phantoms: findPhantoms,
  'repeated effects': findRepeatedEffects,
  'unbounded outcomes': findUnboundedOutcomes,
} as const satisfies Record<string, Checker>;

export type CheckerName = keyof typeof CHECKERS;

/** The findings of each checker in a history. */
export function checkHistory(history: History): Record<CheckerName, string[]> {
  return Object.fromEntries(Object.entries(CHECKERS).map(([name, find]) => [name, find(history)])) as Record<CheckerName, string[]>;
}
