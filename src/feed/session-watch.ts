import type { SessionKey } from '../options/module-options.js';

/** Why a watch has ended. */
export type SessionEndReason =
  /** The session is gone: a logout, `destroy`, `destroyAll`, a limit, `regenerate`, or its row was pruned. The row's absence does not tell which. */
  | 'ended'
  /** The session has expired, by `ttl`, `anonymousTtl`, `absoluteTtl` or its cookie's max age. */
  | 'expired'
  /** The database has not answered for `feed.grace`, or the app shuts down. The session may be live: let the client connect again. */
  | 'unknown';

/** The end of a session, or of a watch. */
export interface SessionEnd {
  readonly reason: SessionEndReason;
  /** Names the session, as in `SessionService.list`. Undefined if the watch of a user ends with `unknown`. */
  readonly handle: string | undefined;
}

/** A change of a session by any request, in any process. */
export interface SessionChange {
  /** Names the session, as in `SessionService.list`. */
  readonly handle: string;
  /** The keys whose values were set, changed or deleted since the watch saw them last. */
  readonly keys: readonly string[];
}

/** The callbacks of a watch, and the keys that it compares. */
export interface WatchOptions {
  /**
   * Called once when the session ends, or when it is unknown whether it has ended. Close the connection here. For a user, it is called
   * for each session that ends, and the watch goes on. It may be asynchronous. If it fails, the error is logged.
   */
  readonly onEnd: (end: SessionEnd) => unknown;
  /**
   * Called after changes of `keys`, also for changes by the connection itself. It may be asynchronous: the next call waits for it, and
   * has all names that changed meanwhile. If it fails, the error is logged.
   */
  readonly onChange?: (change: SessionChange) => unknown;
  /** The keys that `onChange` is called for. Default: all. */
  readonly keys?: readonly SessionKey[];
}

/** A watch of a session, or of the sessions of a user. */
export interface SessionWatch {
  /**
   * Whether the session is live, as far as this process knows. False after the end, before the first answer about a session id, and while
   * the last answer of the database is older than `feed.grace`. So it is false just after a process was paused, until the database
   * answers. Check it before each message that must not be accepted from an ended session.
   */
  readonly isLive: boolean;
  /** Resolves to true when the database has confirmed the session, and to false if the watch ends before that. Never rejects. */
  readonly checked: Promise<boolean>;
  /** Ends the watch. No callback is called afterwards. It may be called again. */
  stop(): void;
  /** The same, for `using`. */
  [Symbol.dispose](): void;
}
