/** The values of a session, by key, without its cookie. `count` is a number, each other value is unique and a string. */
export type Values = Readonly<Record<string, string | number>>;

export type OperationName =
  /** The first request of a session: has no cookie. */
  | 'begin'
  | 'read'
  /** Sets a key that nobody else sets. */
  | 'put'
  /** Deletes a key that nobody else sets, and that its client was told of. */
  | 'forget'
  /** Sets a key that all set. */
  | 'put shared'
  | 'delete shared'
  /** Sets two keys to one value. */
  | 'put pair'
  /** Adds one to `count`. */
  | 'increment'
  /** Changes a value, and changes it back. */
  | 'change back'
  /** Sets a key, and another to what cannot be stored. */
  | 'put unstorable'
  /** Regenerates the session, and sets the owner of the new one. */
  | 'login'
  | 'logout';

export type Outcome =
  /** The whole answer that the app meant. */
  | 'ok'
  /** The app was told of no such session. */
  | 'gone'
  /** A definite error: nothing was applied. */
  | 'failed'
  /** An error that leaves open what was applied. */
  | 'unknown'
  /** No answer within the client's patience. */
  | 'hung';

/** A request, as its client saw it. Times are the clients' clock's, in ms. */
export interface HistoryRequest {
  readonly client: number;
  readonly process: number;
  readonly operation: OperationName;
  /** The storage key of the session that its cookie names. */
  readonly key?: string;
  /** The storage key of the session that the answer's cookie names. */
  readonly newKey?: string;
  /** The owner of the session that it changes. */
  readonly owner: string;
  readonly puts: Values;
  readonly deletes: readonly string[];
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  /** The values that the handler found in the session. */
  readonly seen?: Values;
  readonly error?: string;
  /** The HTTP status of the answer, if it had one. */
  readonly status?: number;
  /** A name for the cookies that were sent, without their values. */
  readonly cookie?: string;
}

/** A version of a row, as a trigger copied it. */
export interface AuditEntry {
  readonly key: string;
  /** The row's data; undefined when the row was deleted. */
  readonly data: string | undefined;
  /** Of a deleted row its last. Undefined for a table without versions. */
  readonly version: number | undefined;
  /** Undefined for a deleted row, and for a table without commit ids. */
  readonly commitId: string | undefined;
}

/** Everything that was recorded of a run. */
export interface Recording {
  readonly requests: readonly HistoryRequest[];
  /** In the order in which the database wrote them. */
  readonly audit: readonly AuditEntry[];
  /** Leftovers on the database after the last answer, such as open transactions. */
  readonly leftBehind: readonly string[];
}

/** Names a request in what a checker says. */
export function describeRequest({ client, process, operation, startedAt, endedAt, outcome }: HistoryRequest): string {
  return `client ${client}'s "${operation}" (${outcome}) at process ${process}, ${startedAt.toFixed(2)} to ${endedAt.toFixed(2)} ms`;
}
