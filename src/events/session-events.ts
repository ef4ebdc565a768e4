import type { Merge } from '../observers/merge-trace.js';
import type { DestroyReason, ObservedSession } from '../observers/session-observers.js';
import { handleOf } from '../security/session-handle.js';

/** The part that all events have in common. It contains neither the session id nor the storage key, and no value. */
abstract class SessionEvent {
  /** Names the session, as `SessionService.list` does, but does not open it. It stays the same as long as the session keeps its id. */
  readonly handle: string;
  /** The user of the session: null if it has none, undefined if that is not known. */
  readonly userId: string | null | undefined;
  /** The time when this process learned of it. */
  readonly at = new Date();

  /** @internal */
  constructor({ storageKey, userId }: ObservedSession) {
    this.handle = handleOf(storageKey);
    this.userId = userId;
  }
}

/** A session was stored for the first time. */
export class SessionCreatedEvent extends SessionEvent {
  /** The name of the event. */
  static readonly event = 'session.created';
}

/** A request's changes were merged with changes that other requests had made meanwhile. */
export class SessionMergedEvent extends SessionEvent {
  /** The name of the event. */
  static readonly event = 'session.merged';
  /** The keys that the request changed. */
  readonly keys: readonly string[];
  /** The keys among these that other requests had changed too. Their merge rules decided. */
  readonly contested: readonly string[];
  /** How often the changes were applied: once more for each newer record. */
  readonly attempts: number;

  /** @internal */
  constructor(session: ObservedSession, { keys, contested, attempts }: Merge) {
    super(session);
    this.keys = keys;
    this.contested = contested;
    this.attempts = attempts;
  }
}

/** A session was destroyed. */
export class SessionDestroyedEvent extends SessionEvent {
  /** The name of the event. */
  static readonly event = 'session.destroyed';

  /** @internal */
  constructor(
    session: ObservedSession,
    readonly reason: DestroyReason,
  ) {
    super(session);
  }
}

/** The record of an expired session was deleted. */
export class SessionExpiredEvent extends SessionEvent {
  /** The name of the event. */
  static readonly event = 'session.expired';
}
