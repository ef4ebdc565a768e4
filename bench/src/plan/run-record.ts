import type { Figures } from '../load/measure.js';

/** A finished run. */
export interface RunRecord extends Figures {
  readonly round: number;
  readonly store: string;
  readonly scenario: string;
}

/** A run that failed. */
export interface Failure {
  readonly store: string;
  readonly scenario: string;
  readonly message: string;
}
