import { hash } from 'node:crypto';
import type { Notifications } from '../dialects/notifications.js';
import type { DatabaseContext } from './database-context.js';

/** Stands for all records. */
const ALL = '*';

/** In base64url characters: 72 bits. Two records with the same hash cost a needless poll. */
const LENGTH = 12;

/** Returns what a notification reveals of a record: a part of a hash, from which neither the session id nor the storage key follows. */
export function notifiedHash(storageKey: string): string {
  return hash('sha256', `session notification ${storageKey}`, 'base64url').slice(0, LENGTH);
}

/** The callbacks of a process that listens. */
export interface Hearing {
  /** A record has ended. */
  ended(hash: string): void;
  /** Every record was deleted. */
  cleared(): void;
  /** The connection was lost. */
  lost(): void;
}

/** Tells other processes which records have ended. Notifications may get lost. */
export class RecordNotifications {
  readonly #context: DatabaseContext;
  readonly #notifications: Notifications;
  readonly #channel: string;

  constructor(context: DatabaseContext, notifications: Notifications) {
    this.#context = context;
    this.#notifications = notifications;
    this.#channel = `smart_session_${hash('sha256', context.tableName).slice(0, 16)}`;
  }

  /** Tells that records have ended. Rejects with the driver's errors. */
  async ended(storageKeys: readonly string[]): Promise<void> {
    await this.#send(storageKeys.map(notifiedHash));
  }

  /** Tells that every record was deleted. Rejects with the driver's errors. */
  async cleared(): Promise<void> {
    await this.#send([ALL]);
  }

  /**
   * Begins to listen, on a connection of its own.
   *
   * @returns closes the connection. Undefined if the pool is unknown, so that no connection can be opened
   */
  async listen(hearing: Hearing): Promise<(() => Promise<void>) | undefined> {
    const connection = await this.#context.runner.openAlone(this.#notifications.open);
    const hear = (text: string) => (text === ALL ? hearing.cleared() : hearing.ended(text));
    return connection && this.#notifications.listen(connection, this.#channel, hear, () => hearing.lost());
  }

  async #send(texts: readonly string[]): Promise<void> {
    await this.#context.runner.run(this.#notifications.notify, [this.#channel, texts]);
  }
}
