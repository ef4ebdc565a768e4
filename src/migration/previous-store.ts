import type { SessionData, Store } from 'express-session';
import { isReservedName } from '../codec/reserved-names.js';
import type { SessionCodec } from '../codec/session.codec.js';
import { SessionUnavailableError } from '../smart-session.errors.js';
import { maxAgeOrNull } from '../records/lifetime.js';

/** A session as the previous store has it. */
export interface FoundSession {
  /** The text of its values, to store; not sealed. */
  readonly text: string;
  /** The cookie's max age, in ms; null for a cookie that ends with the browser. */
  readonly maxAge: number | null;
}

type Callback<Result> = (error?: unknown, result?: Result) => void;

/** The session store that the app had before, with promises in place of callbacks. */
export class PreviousStore {
  constructor(
    private readonly store: Pick<Store, 'get' | 'destroy'>,
    private readonly codec: SessionCodec,
  ) {}

  /**
   * A session; undefined when the store has none of this id.
   *
   * @throws SessionUnavailableError if the store reported an error: that is not "no session"
   */
  async find(sessionId: string): Promise<FoundSession | undefined> {
    const session = await ask<SessionData | null>((callback) => this.store.get(sessionId, callback)).catch(absentOrUnavailable);
    const maxAge = session ? maxAgeOrNull(session) : null;
    if (!session || (maxAge !== null && maxAge <= 0)) return undefined;
    const values = Object.fromEntries(Object.entries(session).filter(([key]) => !isReservedName(key)));
    return { text: this.codec.join(this.codec.encodeValues(values)), maxAge };
  }

  /**
   * Removes a session; absent is fine.
   *
   * @param operation what it is done for, for the error
   * @throws SessionUnavailableError
   */
  async remove(sessionId: string, operation: string): Promise<void> {
    await ask((callback) => this.store.destroy(sessionId, callback)).catch((error: unknown) => {
      throw unavailable(operation, error);
    });
  }
}

function ask<Result>(call: (callback: Callback<Result>) => unknown): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    const returned = call((error, result) => (error ? reject(error as Error) : resolve(result)));
    // Some stores return a promise too, which rejects with what was called back already.
    Promise.resolve(returned).catch(reject);
  });
}

/** Stores may report "no session" by an error with this code, because express-session accepts that. */
function absentOrUnavailable(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code === 'ENOENT') return undefined;
  throw unavailable('load', error);
}

/** Leaves out the message and the cause of the error: knex puts the session id there, and a JSON parser puts values there. */
function unavailable(operation: string, error: unknown): SessionUnavailableError {
  const { name, code } = Object(error) as { readonly name?: unknown; readonly code?: unknown };
  const said = [name, code].filter((part) => typeof part === 'string' || typeof part === 'number');
  return new SessionUnavailableError(
    operation,
    `the previous store reported an error (${said.join(' ')}). Check whether its database is up and its table exists.`,
  );
}
