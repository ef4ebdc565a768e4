import type { Merge } from '../observers/merge-trace.js';
import type { DestroyReason, ObservedSession } from '../observers/session-observers.js';
import { handleOf } from '../security/session-handle.js';

/** What every event says of its session. Neither its id nor its storage key, and no value. */
abstract class SessionEvent {
  /** Names the session as `SessionService.list` does, and opens none. The same for as long as the session has its id. */
  readonly handle: string;
  /** Whose session it is: null for nobody's, undefined where that is not known. */
  readonly userId: string | null | undefined;
  /** When this process learned of it. */
  readonly at = new Date();

  /** @internal */
  constructor({ storageKey, userId }: ObservedSession) {
    this.handle = handleOf(storageKey);
    this.userId = userId;
  }
}

/** A session was stored for the first time. */
export class SessionCreatedEvent extends SessionEvent {
  /** The name under which it is published. */
  static readonly event = 'session.created';
}

/** A request's changes were merged into what other requests had changed meanwhile. */
export class SessionMergedEvent extends SessionEvent {
  /** The name under which it is published. */
  static readonly event = 'session.merged';
  /** The keys that the request changed. */
  readonly keys: readonly string[];
  /** Those of them that others had changed too: their merge rules have decided. */
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
  /** The name under which it is published. */
  static readonly event = 'session.destroyed';

  /** @internal */
  constructor(
    session: ObservedSession,
    readonly reason: DestroyReason,
  ) {
    super(session);
  }
}

/** The record of a session that had expired was deleted. */
export class SessionExpiredEvent extends SessionEvent {
  /** The name under which it is published. */
  static readonly event = 'session.expired';
}
