import { findBreaches } from './laws.js';
import type { Recording } from './operation.js';

/** Returns how many operations had each outcome, and how many breaches each law has. */
export function figuresOf(recording: Recording): Record<string, number> {
  const outcomes: Record<string, number> = {};
  for (const { answer } of recording.operations) outcomes[answer.outcome] = (outcomes[answer.outcome] ?? 0) + 1;
  return { ...outcomes, ...breachesOf(recording) };
}

/** Returns the number of breaches of each law. */
export function breachesOf(recording: Recording): Record<string, number> {
  return Object.fromEntries(Object.entries(findBreaches(recording)).map(([name, all]) => [name, all.length]));
}
