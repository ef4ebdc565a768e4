import type { Outcome } from '../history/history-request.js';

/** The operations that a race asks of an app or a store. */
export type TargetOperation = 'begin' | 'set' | 'read' | 'logout' | 'regenerate';

/** One request. */
export interface TargetRequest {
  readonly operation: TargetOperation;
  /** The index of the place that it is sent to. */
  readonly place: number;
  /** The key to set. */
  readonly key: string;
  /** The value to set: unique in the race. */
  readonly value: string;
  /** The `Cookie` header; empty for none. */
  readonly cookies: string;
  /** How long the handler takes between its load and its save, in ms, if the target lets the race decide. */
  readonly wait: number;
}

/** The answer to one request. */
export interface TargetAnswer {
  /** `ok` is an acknowledgement: a status of 200 to 299, whole. */
  readonly outcome: Exclude<Outcome, 'gone'>;
  readonly status?: number;
  /** Everything in which the values of the session may stand. */
  readonly text: string;
  readonly setCookies: readonly string[];
  readonly error?: string;
  /** The request in one line. It names no cookie's value. */
  readonly sent: string;
  /** The answer in one line. */
  readonly received: string;
}

/** An app or stores that a race runs against. */
export interface RaceTarget {
  /** The names of the places that share the sessions: base URLs, or stores. */
  readonly places: readonly string[];
  /** The optional operations that it has. `maybe`: a default of the race's, which the app need not have. */
  readonly offers: Readonly<Record<'logout' | 'regenerate', 'yes' | 'maybe' | 'no'>>;
  /** Whether `begin` sets its key, as `set` does. A login may set nothing. */
  readonly beginSets: boolean;
  /** Says how an app would offer an operation, for messages. */
  readonly hint: string;
  /** Never rejects: an error is an outcome. */
  send(request: TargetRequest): Promise<TargetAnswer>;
}
