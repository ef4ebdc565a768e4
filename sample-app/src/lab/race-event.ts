/** The stores that are compared. */
export type Side = 'lastWrite' | 'smart';

/** Both stores, in the order in which they are shown. */
export const SIDES: readonly Side[] = ['lastWrite', 'smart'];

/** A time of day in ms, comparable between the processes of one machine. */
export type Instant = number;

/** A part of a request that is over, as the process that ran it took the time. */
export interface PhaseEvent {
  readonly type: 'phase';
  readonly race: string;
  readonly side: Side;
  /** The request's number in the race. */
  readonly n: number;
  readonly phase: 'load' | 'handler' | 'commit';
  readonly from: Instant;
  readonly to: Instant;
}

/** A write of the session's row, as the process that sent it saw it. */
export interface WriteEvent {
  readonly type: 'write';
  readonly race: string;
  readonly side: Side;
  readonly from: Instant;
  readonly to: Instant;
  /** False when another was faster: the row had moved on, and stays as it is. */
  readonly isWritten: boolean;
  /** The requests whose changes this write carries: of several, their commits have joined. */
  readonly carries: readonly number[];
  /** The requests whose keys are in the row once it is written. */
  readonly keys: readonly number[];
}

/** What a process tells the runner. */
export type ProcessEvent = PhaseEvent | WriteEvent;

/** What the page is told. */
export type RaceEvent =
  | ProcessEvent
  /** The processes are up, and the requests go out. */
  | { readonly type: 'start'; readonly at: Instant; readonly requests: number }
  /** A request has its answer. */
  | { readonly type: 'answer'; readonly side: Side; readonly n: number; readonly status: number; readonly at: Instant }
  /** All requests of a side have theirs. */
  | { readonly type: 'result'; readonly side: Side; readonly content: Readonly<Record<string, unknown>> }
  | { readonly type: 'end' };
