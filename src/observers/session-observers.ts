import type { Merge } from './merge-trace.js';
import { OutageLog } from './outage-log.js';
import { PruneRuns } from './prune-runs.js';
import { RecordHints } from './record-hints.js';
import type { RequestRoute } from './request-route.js';

/** A session, with what is known of it at that moment. */
export interface ObservedSession {
  readonly storageKey: string;
  /** Its user: null if it has none, undefined if that is not known. */
  readonly userId?: string | null | undefined;
}

/** Why a session was destroyed. */
export type DestroyReason =
  /** By its id: `session.destroy()`, `sessions.destroy(id)`, `req.session = null`. */
  | 'logout'
  /** `regenerate`: the request has another one. */
  | 'replaced'
  /** As one of a user's: `destroyOne`, `destroyAll`. */
  | 'revoked'
  /** `maxSessionsPerUser`: a newer one took its place. */
  | 'evicted'
  /** `maxSessionsPerUser` with `whenFull: 'deny'`: there was no room for it. */
  | 'refused'
  /** Its data could not be read, and the session was written anew. */
  | 'unreadable';

/** Receives the events of sessions, after the database has confirmed them. Must not throw. */
export interface LifecycleObserver {
  /** A session was stored for the first time. */
  created(session: ObservedSession): void;
  /** A request's changes were merged into what others had changed. */
  merged(session: ObservedSession, merge: Merge): void;
  destroyed(session: ObservedSession, reason: DestroyReason): void;
  /** The record of a session that had expired was deleted. */
  expired(session: ObservedSession): void;
}

/** What is batched: loads, the commits of one session, the updates of several sessions, touches. */
export type BatchKind = 'load' | 'commit' | 'update' | 'touch';

/** Runs operations on sessions, to measure how long they take and how they end. Must not throw by itself. */
export interface OperationObserver {
  /**
   * Runs the load of a request, to the end of reading what was found.
   *
   * @param route undefined outside of requests, and unless routes are noted
   */
  load<Found>(load: () => Promise<Found | undefined>, route?: RequestRoute): Promise<Found | undefined>;
  /**
   * Runs the commit of a request. `kind` of the outcome says how it ended.
   *
   * @param route as for `load`
   */
  commit<Outcome extends { readonly kind: string }>(commit: () => Promise<Outcome>, route?: RequestRoute): Promise<Outcome>;
  /** The operation in progress, for `batch`. */
  current(): unknown;
  /**
   * Runs the statement of a batch.
   *
   * @param members the operations that wait for it, each as `current` returned it; the first one came first
   */
  batch<Result>(kind: BatchKind, members: readonly unknown[], send: () => Promise<Result>): Promise<Result>;
  /** An attempt of a commit met another writer. */
  conflicted(): void;
  /** A commit is tried again. */
  retried(): void;
}

/** The observers of sessions. Without an observer nothing is measured. Outages are always logged. */
export class SessionObservers {
  readonly outages = new OutageLog();
  /** Tells the watches of this process which records it has ended or written. */
  readonly hints = new RecordHints();

  /** The last runs of the pruner. */
  readonly pruneRuns = new PruneRuns();
  /** Whether an observer wants to know the routes of requests. */
  notesRoutes = false;
  #lifecycle: LifecycleObserver | undefined;
  #operations: OperationObserver | undefined;

  constructor(lifecycle?: LifecycleObserver, operations?: OperationObserver) {
    this.#lifecycle = lifecycle;
    this.#operations = operations;
  }

  get lifecycle(): LifecycleObserver | undefined {
    return this.#lifecycle;
  }

  get operations(): OperationObserver | undefined {
    return this.#operations;
  }

  /** Takes other observers in place of these. */
  replace(lifecycle: LifecycleObserver | undefined, operations: OperationObserver | undefined): void {
    this.#lifecycle = lifecycle;
    this.#operations = operations;
  }
}
