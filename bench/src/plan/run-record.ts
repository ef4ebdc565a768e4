import type { Figures } from '../load/measure.js';

/** One run that was done. */
export interface RunRecord extends Figures {
  readonly round: number;
  readonly store: string;
  readonly scenario: string;
}

/** A run that could not be done. */
export interface Failure {
  readonly store: string;
  readonly scenario: string;
  readonly message: string;
}
