import { hash, randomBytes } from 'node:crypto';
import type { Notifications } from '../dialects/notifications.js';
import type { DatabaseContext } from './database-context.js';

/** The first character of a text. A hash begins with none of these. */
const ALL = '*';
const WRITTEN = '~';
const WATCHED = '+';
const QUESTION = '?';

/** In base64url characters: 72 bits. Two records with the same hash cost a needless poll. */
const LENGTH = 12;

/** In base64url characters. Names a process, so that it does not hear what it has announced itself. */
const SENDER_LENGTH = 8;

/** The most hashes of one text. PostgreSQL allows texts of less than 8000 bytes. */
const MOST_HASHES = 600;

/** Returns what a notification reveals of a record: a part of a hash, from which neither the session id nor the storage key follows. */
export function notifiedHash(storageKey: string): string {
  return hash('sha256', `session notification ${storageKey}`, 'base64url').slice(0, LENGTH);
}

/** The callbacks of a process that listens. */
export interface Hearing {
  /** A record has ended. */
  ended(hash: string): void;
  /** A record that some process watches was written. */
  written(hash: string): void;
  /** Every record was deleted. */
  cleared(): void;
  /** Another process watches the changes of these records. */
  watched(hashes: readonly string[]): void;
  /** Another process asks which records are watched. */
  asked(): void;
  /** The connection was lost. */
  lost(): void;
}

/** The news that a process tells the others in one statement. */
export interface RecordNews {
  /** The hashes of records that were written. */
  readonly written: Iterable<string>;
  /** The hashes of records whose changes this process watches. */
  readonly watched: Iterable<string>;
  /** Whether the others are asked which records they watch. */
  readonly isAsking: boolean;
}

/** Tells other processes which records have ended or were written, and which ones are watched. Notifications may get lost. */
export class RecordNotifications {
  readonly #context: DatabaseContext;
  readonly #notifications: Notifications;
  readonly #channel: string;
  readonly #sender = randomBytes(6).toString('base64url');

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

  /** Tells news. Rejects with the driver's errors. */
  async tell({ written, watched, isAsking }: RecordNews): Promise<void> {
    const texts = Array.from(written, (text) => WRITTEN + text);
    const hashes = [...watched];
    for (let n = 0; n < hashes.length; n += MOST_HASHES) texts.push(WATCHED + this.#sender + hashes.slice(n, n + MOST_HASHES).join(''));
    if (isAsking) texts.push(QUESTION + this.#sender);
    await this.#send(texts);
  }

  /**
   * Begins to listen, on a connection of its own.
   *
   * @returns closes the connection. Undefined if the pool is unknown, so that no connection can be opened
   */
  async listen(hearing: Hearing): Promise<(() => Promise<void>) | undefined> {
    const connection = await this.#context.runner.openAlone(this.#notifications.open);
    const hear = (text: string) => this.#hear(text, hearing);
    return connection && this.#notifications.listen(connection, this.#channel, hear, () => hearing.lost());
  }

  #hear(text: string, hearing: Hearing): void {
    const [kind, rest] = [text[0], text.slice(1)];
    if (kind === ALL) hearing.cleared();
    else if (kind === WRITTEN) hearing.written(rest);
    else if (kind !== WATCHED && kind !== QUESTION) hearing.ended(text);
    else if (rest.startsWith(this.#sender)) return;
    else if (kind === QUESTION) hearing.asked();
    else hearing.watched(hashesIn(rest.slice(SENDER_LENGTH)));
  }

  async #send(texts: readonly string[]): Promise<void> {
    await this.#context.runner.run(this.#notifications.notify, [this.#channel, texts]);
  }
}

function hashesIn(text: string): string[] {
  return Array.from({ length: Math.floor(text.length / LENGTH) }, (_, n) => text.slice(n * LENGTH, (n + 1) * LENGTH));
}
