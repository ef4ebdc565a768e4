/** The stores that are compared. */
export type Side = 'lastWrite' | 'smart';

/** Both stores, in the order of the page. */
export const SIDES: readonly Side[] = ['lastWrite', 'smart'];

/** A time in ms that is comparable between the processes of one machine. */
export type Instant = number;

/** A finished phase of a request, timed by its own process. */
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

/** A write of the session's row, timed by the process that sent it. */
export interface WriteEvent {
  readonly type: 'write';
  readonly race: string;
  readonly side: Side;
  readonly from: Instant;
  readonly to: Instant;
  /** False if another request was faster: the row was newer and stays unchanged. */
  readonly isWritten: boolean;
  /** The requests whose changes this write contains. Several requests share a write when their commits are batched. */
  readonly carries: readonly number[];
  /** The requests whose keys are in the row after the write. */
  readonly keys: readonly number[];
}

/** An event that a process sends to the runner. */
export type ProcessEvent = PhaseEvent | WriteEvent;

/** An event that the page receives. */
export type RaceEvent =
  | ProcessEvent
  /** The processes have started and the requests are sent. */
  | { readonly type: 'start'; readonly at: Instant; readonly requests: number }
  /** A request was answered. */
  | { readonly type: 'answer'; readonly side: Side; readonly n: number; readonly status: number; readonly at: Instant }
  /** All requests of a side were answered. */
  | { readonly type: 'result'; readonly side: Side; readonly content: Readonly<Record<string, unknown>> }
  | { readonly type: 'end' };
