import { hash } from 'node:crypto';
import { types } from 'node:util';
import { HttpException, HttpStatus } from '@nestjs/common';
import { redacted } from './shared/redaction.js';
import { escaped } from './shared/shown-keys.js';
import { asError } from './shared/thrown.js';
import { visible } from './shared/visible.js';

/**
 * An error that Nest answers with `status` and a general text, while `message` keeps the detail
 * for the log: keys, sizes and database errors are not for the client.
 */
abstract class SessionError extends HttpException {
  protected constructor(answer: string, status: HttpStatus, message: string, cause?: unknown) {
    super(answer, status, { cause });
    this.message = visible(message);
    this.name = new.target.name;
  }
}

/** Every allowed attempt to commit met another writer. Nothing of the delta was written. Answered with 503. */
export class SessionConflictError extends SessionError {
  constructor(storageKey: string, attempts: number, cause?: unknown) {
    super(
      'Session unavailable',
      HttpStatus.SERVICE_UNAVAILABLE,
      `Session ${abbreviate(storageKey)} was changed by others during each of ${attempts} attempts to commit. ` +
        'Nothing was written. Raise `maxAttempts`, or write to this session less often.',
      redacted(cause),
    );
  }
}

/**
 * The database could not be asked, did not answer in time, or was lost at a moment that leaves the
 * outcome of a commit unknown. Answered with 503.
 */
export class SessionUnavailableError extends SessionError {
  constructor(operation: string, reason: string, cause?: unknown) {
    super('Session unavailable', HttpStatus.SERVICE_UNAVAILABLE, `Could not ${operation} the session: ${reason}`, redacted(cause));
  }
}

/** The session's serialized data is larger than `maxBytes`. The stored session is unchanged. Answered with 500. */
export class SessionTooLargeError extends SessionError {
  constructor(bytes: number, maxBytes: number) {
    super(
      'Internal server error',
      HttpStatus.INTERNAL_SERVER_ERROR,
      `The session's data has ${bytes} bytes, \`maxBytes\` allows ${maxBytes}. Nothing was written. ` +
        'Store less in the session, or raise `maxBytes`.',
    );
  }
}

/** A session value cannot be stored. The stored session is unchanged. Answered with 500. */
export class SessionNotSerializableError extends SessionError {
  /**
   * @param path where the value stands, such as `cart.items[2].price`
   * @param found what stands there
   * @param advice what to do
   */
  constructor(
    readonly path: string,
    found: string,
    advice: string = JSON_ADVICE,
    cause?: unknown,
  ) {
    super(
      'Internal server error',
      HttpStatus.INTERNAL_SERVER_ERROR,
      `The session cannot store ${found} at \`${escaped(path)}\`. Nothing was written. ${advice}`,
      cause,
    );
  }
}

const JSON_ADVICE =
  "Store JSON values only: strings, finite numbers, booleans, null, arrays and plain objects; `serializer: 'rich'` stores bigints, dates, maps, sets and cycles too.";

/** A method that takes a user id was given a value that is none. Nothing was listed or destroyed. Answered with 500. */
export class SessionUserIdError extends SessionError {
  /**
   * @param operation the method that was called
   * @param given what was given, as it may be shown
   */
  constructor(operation: string, given: string) {
    super(
      'Internal server error',
      HttpStatus.INTERNAL_SERVER_ERROR,
      `\`${operation}\` was given ${given}. Nothing was listed or destroyed. Give \`userId\` the id that the option \`userId\` finds: a string, a whole number or a bigint.`,
    );
  }
}

/** A merge rule threw, or returned what cannot be stored. Nothing was written. Answered with 500. */
export class SessionMergeError extends SessionError {
  /** @param key the session's key that the rule was for */
  constructor(
    readonly key: string,
    cause: unknown,
  ) {
    const { message: reason } = asError(cause);
    super(
      'Internal server error',
      HttpStatus.INTERNAL_SERVER_ERROR,
      `The merge rule of \`${escaped(key)}\` failed: ${ended(reason)} Nothing was written. Mend the rule, or what is stored under this key.`,
      asError(cause),
    );
  }
}

/** There is no session to update, to lock or to regenerate with its values: it was destroyed, or has expired. Nothing was written. Answered with 409. */
export class SessionGoneError extends SessionError {
  constructor(storageKey: string, operation: 'update' | 'lock' | 'regenerate') {
    super(
      'Session ended',
      HttpStatus.CONFLICT,
      `Could not ${operation} session ${abbreviate(storageKey)}: it was destroyed or has expired. Nothing was written. Let the client begin a new one.`,
    );
  }
}

/**
 * The user has as many sessions as `maxSessionsPerUser` allows, with `whenFull: 'deny'`. The session that was to become
 * the user's is destroyed. Answered with 409.
 */
export class SessionLimitError extends SessionError {
  constructor(storageKey: string, max: number) {
    super(
      'Too many sessions',
      HttpStatus.CONFLICT,
      `Session ${abbreviate(storageKey)} was destroyed: its user has as many others as \`maxSessionsPerUser\` allows (${max}). ` +
        "End one of them first, or set `whenFull: 'evict-oldest'`.",
    );
  }
}

/** Another request held the session's lock for all of `timeout`, or too many were waiting already. The handler did not run. Answered with 423. */
export class SessionLockedError extends SessionError {
  constructor(storageKey: string, reason: string) {
    super(
      'Session locked',
      HttpStatus.LOCKED,
      `Session ${abbreviate(storageKey)} is locked: ${reason} The handler did not run; the client may try again.`,
    );
  }
}

/** The lease of a lock ended while its handler ran, and another request took it. Nothing was written. Answered with 503. */
export class SessionLockLostError extends SessionError {
  constructor(storageKey: string) {
    super(
      'Session unavailable',
      HttpStatus.SERVICE_UNAVAILABLE,
      `The lock of session ${abbreviate(storageKey)} was lost while its handler ran: its lease could not be renewed in time, and another request has it now. ` +
        'Nothing was written. Keep the event loop free, or raise `lease`.',
    );
  }
}

/** A request changed its session on a route with `@ReadOnlySession()`: a mistake in the app. Nothing was written. Answered with 500. */
export class SessionReadOnlyError extends SessionError {
  /** @param keys what was changed; `cookie.maxAge` stands for the cookie's max age */
  constructor(readonly keys: readonly string[]) {
    super(
      'Internal server error',
      HttpStatus.INTERNAL_SERVER_ERROR,
      `A request with a read-only session changed ${keys.map((key) => `\`${escaped(key)}\``).join(', ')}. Nothing was written. ` +
        'Leave the session as it is on this route, or take @ReadOnlySession() from it.',
    );
  }
}

/**
 * Sessions were asked for inside a transaction of the app's MikroORM, whose connections they share: a mistake in the app.
 * Nothing was sent. Answered with 500.
 */
export class SessionInTransactionError extends SessionError {
  constructor(operation: string) {
    super(
      'Internal server error',
      HttpStatus.INTERNAL_SERVER_ERROR,
      `Could not ${operation} the session: the call is inside a transaction of the app's MikroORM. Sessions are stored outside of it, on a second connection of the same pool. ` +
        'Nothing was written. Call it before or after the transaction, or give the sessions a `connection` of their own.',
    );
  }
}

/**
 * A record's data cannot be opened: sealed with a key that is not given, changed, moved from another record, or not
 * sealed at all. The record stays as it is, and the client gets no new session in its place. Answered with 500.
 */
export class SessionDecryptionError extends SessionError {
  constructor(storageKey: string, reason: string, cause?: unknown) {
    super('Internal server error', HttpStatus.INTERNAL_SERVER_ERROR, `Record ${abbreviate(storageKey)} cannot be opened: ${reason}`, cause);
  }
}

/** The module's configuration cannot work. Thrown at start, and for what a function in it returns when a request comes. */
export class SmartSessionConfigError extends Error {
  /**
   * @param option the option's name
   * @param given what was given, as it should be shown
   * @param expected what would be right
   */
  constructor(
    readonly option: string,
    given: string,
    expected: string,
    cause?: unknown,
  ) {
    super(visible(`SmartSessionModule: option \`${option}\`: ${given}. ${expected}`), { cause });
    this.name = SmartSessionConfigError.name;
  }
}

/**
 * The database is set so that sessions would be lost, garbled or mixed up. Thrown at start. If a connection that is
 * opened later is set so, it is closed, and this is the cause of a `SessionUnavailableError`.
 */
export class SessionDatabaseError extends Error {
  /** By this the dialects know it where MikroORM has wrapped it. */
  readonly code = 'ERR_SESSION_DATABASE';

  /**
   * @param setting the setting's name
   * @param value what it is
   * @param harm what would happen, after "so that"
   * @param advice what to do
   */
  constructor(
    readonly setting: string,
    readonly value: string,
    harm: string,
    advice: string,
  ) {
    super(visible(`The database cannot keep sessions: \`${setting}\` is ${value === '' ? 'empty' : value}, so that ${harm}. ${advice}`));
    this.name = SessionDatabaseError.name;
  }
}

/** The app was made with an HTTP adapter on which there would be no sessions. Thrown at start. */
export class UnsupportedAdapterError extends Error {
  /** @param adapter the adapter's class and type, as they should be shown */
  constructor(adapter: string) {
    super(
      visible(
        `SmartSessionModule: the app's HTTP adapter is ${adapter}, and sessions work with Express only: no request would have one. ` +
          'Leave the adapter out, or give `new ExpressAdapter()` of @nestjs/platform-express to NestFactory.create.',
      ),
    );
    this.name = UnsupportedAdapterError.name;
  }
}

/** The table of another store, whose sessions were to be taken over, cannot be read. */
export class PreviousTableError extends Error {
  /**
   * @param store the package
   * @param found what is wrong
   * @param advice what to do
   */
  constructor(store: string, found: string, advice: string) {
    super(visible(`Sessions of ${store} cannot be read: ${found}. ${advice}`));
    this.name = PreviousTableError.name;
  }
}

/** A reason for a `SessionUnavailableError`: what the database says, as it may be logged. */
export function databaseError(error: unknown): string {
  const said = redacted(error);
  const [line] = String(types.isNativeError(said) ? said.message : said).split('\n');
  return `the database reported an error: ${ended(line!)}`;
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Enough of a storage key to find its row, and too little to be one. A key that is no hash is hashed first: it is a session id. */
export function abbreviate(storageKey: string): string {
  const hashed = /^[0-9a-f]{64}$/.test(storageKey) ? storageKey : hash('sha256', storageKey, 'hex');
  return `${hashed.slice(0, 8)}…`;
}
