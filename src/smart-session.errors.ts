import { hash } from 'node:crypto';
import { types } from 'node:util';
import { AMBIGUOUS, ENDED, FAULT, FULL, LOCKED, SessionError, SessionHttpError, UNAVAILABLE, INVALID_LABEL } from './session.error.js';
import { redacted } from './shared/redaction.js';
import { escaped } from './shared/shown-keys.js';
import { asError } from './shared/thrown.js';

export { SessionError } from './session.error.js';

/** Another request changed the session during every attempt to commit. Nothing was written. Answered with 503. */
export class SessionConflictError extends SessionHttpError {
  constructor(storageKey: string, attempts: number, cause?: unknown) {
    super(
      UNAVAILABLE,
      `Session ${abbreviate(storageKey)} was changed by others during each of ${attempts} attempts to commit. ` +
        'Nothing was written. Raise `maxAttempts`, or write to this session less often.',
      redacted(cause),
    );
  }
}

/**
 * The database could not be reached, did not answer in time, or was lost while a commit was sent, so that its outcome is
 * unknown. Answered with 503.
 */
export class SessionUnavailableError extends SessionHttpError {
  constructor(operation: string, reason: string, cause?: unknown) {
    super(UNAVAILABLE, `Could not ${operation} the session: ${reason}`, redacted(cause));
  }
}

/** The session's serialized data is larger than `maxBytes`. The stored session is unchanged. Answered with 500. */
export class SessionTooLargeError extends SessionHttpError {
  constructor(bytes: number, maxBytes: number) {
    super(
      FAULT,
      `The session's data has ${bytes} bytes, but \`maxBytes\` allows only ${maxBytes}. Nothing was written. ` +
        'Store less in the session, or raise `maxBytes`.',
    );
  }
}

/** The session holds a value that cannot be stored. The stored session is unchanged. Answered with 500. */
export class SessionNotSerializableError extends SessionHttpError {
  /**
   * @param path the place of the value, such as `cart.items[2].price`
   * @param found the value, for a message
   * @param advice what to do
   */
  constructor(
    readonly path: string,
    found: string,
    advice: string = JSON_ADVICE,
    cause?: unknown,
  ) {
    super(FAULT, `The session cannot store ${found} at \`${escaped(path)}\`. Nothing was written. ${advice}`, cause);
  }
}

/** A value of a large session is not valid JSON in its record, and a handler has read it. The record is unchanged. Answered with 500. */
export class SessionUnreadableError extends SessionHttpError {
  /** @param key the key of the value */
  constructor(readonly key: string) {
    super(
      FAULT,
      `The session's value at \`${escaped(key)}\` cannot be read: its text in the record is not valid JSON. The record is unchanged. ` +
        'Find out which other program writes to the table. Destroy the session to give its user a new one.',
    );
  }
}

const JSON_ADVICE =
  "Store JSON values only: strings, finite numbers, booleans, null, arrays and plain objects. Or set `serializer: 'rich'`, which also stores bigints, dates, maps, sets and cycles.";

/** A method was given a value that is no user id. Nothing was listed or destroyed. Answered with 500. */
export class SessionUserIdError extends SessionHttpError {
  /**
   * @param operation the method that was called
   * @param given the value, for a message
   */
  constructor(operation: string, given: string) {
    super(
      FAULT,
      `\`${operation}\` was given ${given}. Nothing was listed or destroyed. Pass the user's id as the option \`userId\` finds it in a session: a string, a whole number or a bigint.`,
    );
  }
}

/** `labelDevice` was given a text that is no label. Nothing was written. Answered with 400. */
export class SessionDeviceLabelError extends SessionHttpError {
  /** @param given the value, for a message. The label itself may be personal data */
  constructor(given: string) {
    super(
      INVALID_LABEL,
      `\`labelDevice\` was given ${given}. Nothing was written. Pass a text of 1 to 100 characters without control characters, or null to remove the label.`,
    );
  }
}

/** A merge rule threw an error, or returned a value that cannot be stored. Nothing was written. Answered with 500. */
export class SessionMergeError extends SessionHttpError {
  /** @param key the key of the session that the rule merges */
  constructor(
    readonly key: string,
    cause: unknown,
  ) {
    const { message: reason } = asError(cause);
    super(
      FAULT,
      `The merge rule of \`${escaped(key)}\` failed: ${ended(reason)} Nothing was written. Fix the rule, or the value that is stored under this key.`,
      asError(cause),
    );
  }
}

/** The session to update, to lock or to regenerate was destroyed or has expired. Nothing was written. Answered with 409. */
export class SessionGoneError extends SessionHttpError {
  constructor(storageKey: string, operation: 'update' | 'lock' | 'regenerate') {
    super(
      ENDED,
      `Could not ${operation} session ${abbreviate(storageKey)}: it was destroyed or has expired. Nothing was written. Let the client start a new session.`,
    );
  }
}

/**
 * The user has as many sessions as `maxSessionsPerUser` allows, and `whenFull` is `'deny'`. The session of the new login
 * is destroyed. Answered with 409.
 */
export class SessionLimitError extends SessionHttpError {
  constructor(storageKey: string, max: number) {
    super(
      FULL,
      `Session ${abbreviate(storageKey)} was destroyed: its user has reached the limit \`maxSessionsPerUser\` (${max}) with other sessions. ` +
        "End one of them first, or set `whenFull: 'evict-oldest'`.",
    );
  }
}

/** This process watches as many sessions as `feed.maxWatches` allows. Nothing is watched: close the connection. Answered with 503. */
export class SessionWatchLimitError extends SessionHttpError {
  constructor(max: number) {
    super(
      UNAVAILABLE,
      `The session is not watched: this process has reached the limit \`feed.maxWatches\` (${max}). ` +
        'Close the connection, and call `stop()` of the watches whose connections are closed. Or raise `feed.maxWatches`.',
    );
  }
}

/**
 * Another request held the lock of the session for longer than `timeout`, or too many requests wait for it. Neither the handler nor
 * the work of `once` was run. Answered with 423.
 */
export class SessionLockedError extends SessionHttpError {
  /** @param what what was not run */
  constructor(storageKey: string, reason: string, what = 'The handler') {
    super(LOCKED, `Session ${abbreviate(storageKey)} is locked: ${reason} ${what} did not run; the client may try again.`);
  }
}

/** The lock ended while the handler ran: its lease was not extended in time, or the request no longer waited. Nothing was written. Answered with 503. */
export class SessionLockLostError extends SessionHttpError {
  /** @param name the name of the work of `once`; undefined for the lock of a handler */
  constructor(storageKey: string, name?: string) {
    super(UNAVAILABLE, name === undefined ? lockLost(storageKey) : leaseLost(storageKey, name));
  }
}

function leaseLost(storageKey: string, name: string): string {
  return (
    `The lease "${escaped(name)}" of session ${abbreviate(storageKey)} ended while its work ran, because it was not extended in time. ` +
    'Nothing was written. Keep the event loop free, or raise `lease`.'
  );
}

function lockLost(storageKey: string): string {
  return (
    `The lock of session ${abbreviate(storageKey)} ended while its handler ran: its lease was not extended in time, or the request no longer waited for the handler. ` +
    'Nothing was written. Keep the event loop free, raise `lease`, or stop the handler when its request ends.'
  );
}

/** A request changed its session on a route with `@ReadOnlySession()`. This is a mistake in the app. Nothing was written. Answered with 500. */
export class SessionReadOnlyError extends SessionHttpError {
  /** @param keys the keys that were changed; `cookie.maxAge` is the max age of the cookie */
  constructor(readonly keys: readonly string[]) {
    super(
      FAULT,
      `A request with a read-only session changed ${keys.map((key) => `\`${escaped(key)}\``).join(', ')}. Nothing was written. ` +
        'Do not change the session on this route, or remove @ReadOnlySession() from it.',
    );
  }
}

/**
 * `@LockSession()` is on a handler that was called without a request that has a session, such as that of a message. This is a
 * mistake in the app. The handler did not run. Answered with 500.
 */
export class SessionContextError extends SessionHttpError {
  /**
   * @param handler the class and the method
   * @param context Nest's type of the call, such as `rpc`
   */
  constructor(handler: string, context: string) {
    super(
      FAULT,
      `@LockSession() cannot lock a session for ${handler}: the call (of type ${context}) has no request with a session. ` +
        'The handler did not run. Remove @LockSession() from it, and change the session by `SessionService.update` with the session id.',
    );
  }
}

const SECOND_CONNECTION =
  "the call is inside a transaction of the app's MikroORM. Sessions are stored outside of it, on a second connection of the same pool. " +
  'Nothing was written. Call it before or after the transaction, or give the sessions a `connection` of their own.';

/**
 * The app used sessions inside a transaction of its MikroORM, whose connections they share. This is a mistake in the app.
 * Nothing was sent. Answered with 500.
 */
export class SessionInTransactionError extends SessionHttpError {
  /** @param reason why the operation is not possible inside the transaction. Default: it needs a second connection */
  constructor(operation: string, reason = SECOND_CONNECTION) {
    super(FAULT, `Could not ${operation} the session: ${reason}`);
  }
}

/** A request has a session in its cookie and in its header. None was loaded. Answered with 400. */
export class SessionTransportError extends SessionHttpError {
  /**
   * @param cookie the name of the cookie
   * @param header the name of the header
   */
  constructor(cookie: string, header: string) {
    super(
      AMBIGUOUS,
      `The request has a session in the cookie "${cookie}" and in the header "${header}". No session was loaded. Send one of them.`,
    );
  }
}

/**
 * The data of a record cannot be decrypted. It was encrypted with a key that is not given, was changed, belongs to another
 * record, or is not encrypted. The record stays as it is, and the client gets no new session. Answered with 500.
 */
export class SessionDecryptionError extends SessionHttpError {
  constructor(storageKey: string, reason: string, cause?: unknown) {
    super(FAULT, `Record ${abbreviate(storageKey)} cannot be opened: ${reason}`, cause);
  }
}

/** An option is wrong. Thrown at start. If a function in the options returns a wrong value, it is thrown during the request. */
export class SmartSessionConfigError extends SessionError {
  /**
   * @param option the option's name
   * @param given the value that was given, for a message
   * @param expected what to give instead
   */
  constructor(
    readonly option: string,
    given: string,
    expected: string,
    cause?: unknown,
  ) {
    super(`SmartSessionModule: option \`${option}\`: ${given}. ${expected}`, cause);
  }
}

/**
 * With its settings, the database would lose, garble or mix up sessions. Thrown at start. If a connection that is opened later
 * has such settings, it is closed, and this error is the cause of a `SessionUnavailableError`.
 */
export class SessionDatabaseError extends SessionError {
  /** By this the dialects know it where MikroORM has wrapped it. */
  readonly code = 'ERR_SESSION_DATABASE';

  /**
   * @param setting the name of the setting
   * @param value its value
   * @param harm the consequence, after "so that"
   * @param advice what to do
   */
  constructor(
    readonly setting: string,
    readonly value: string,
    harm: string,
    advice: string,
  ) {
    super(`The database cannot keep sessions: \`${setting}\` is ${value === '' ? 'empty' : value}, so that ${harm}. ${advice}`);
  }
}

/** The app has an HTTP adapter of another platform than Express and Fastify. Thrown at start. */
export class UnsupportedAdapterError extends SessionError {
  /** @param adapter the class and the type of the adapter, for a message */
  constructor(adapter: string) {
    super(
      `SmartSessionModule: the app's HTTP adapter is ${adapter}, but sessions work with Express and Fastify only. ` +
        'Give `new ExpressAdapter()` of @nestjs/platform-express or `new FastifyAdapter()` of @nestjs/platform-fastify to NestFactory.create.',
    );
  }
}

/** The table of the previous store cannot be read, so its sessions cannot be imported. */
export class PreviousTableError extends SessionError {
  /**
   * @param store the package of the store
   * @param found what is wrong
   * @param advice what to do
   */
  constructor(store: string, found: string, advice: string) {
    super(`Sessions of ${store} cannot be read: ${found}. ${advice}`);
  }
}

/** A function for tests was given something that it cannot use, such as a cookie that the app has not signed. */
export class SessionTestingError extends SessionError {
  /**
   * @param operation the function that the test has called
   * @param problem what is wrong
   * @param advice what to do
   */
  constructor(operation: string, problem: string, advice: string, cause?: unknown) {
    super(`\`${operation}\`: ${problem}. ${advice}.`, cause);
  }
}

/** The reason of a `SessionUnavailableError`: the error of the database, without values. */
export function databaseError(error: unknown): string {
  const said = redacted(error);
  const [line] = String(types.isNativeError(said) ? said.message : said).split('\n');
  return `the database reported an error: ${ended(line!)}`;
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The beginning of a storage key: enough to find the row, too short to be used. A key that is a plain session id is hashed first. */
export function abbreviate(storageKey: string): string {
  const hashed = /^[0-9a-f]{64}$/.test(storageKey) ? storageKey : hash('sha256', storageKey, 'hex');
  return `${hashed.slice(0, 8)}…`;
}
