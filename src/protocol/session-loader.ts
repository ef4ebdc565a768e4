import { Injectable } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { LoadBatcher } from '../batching/load-batcher.js';
import { EventLoopTurns, LARGE_TEXT } from '../batching/event-loop-turns.js';
import { RetryingRepository } from '../batching/retrying-repository.js';
import { SessionCodec } from '../codec/session.codec.js';
import { LiveSessions } from '../live/live-sessions.js';
import type { TimeLeft } from '../live/live-session.js';
import { routeFor } from '../live/request-route.js';
import { SessionMigrator } from '../migration/session-migrator.js';
import type { RequestRoute } from '../observers/request-route.js';
import { SessionObservers } from '../observers/session-observers.js';
import { AppTransactions } from '../persistence/app-transactions.js';
import type { StoredRecord } from '../persistence/session.repository.js';
import { RecordReader } from '../records/record-reader.js';
import type { SessionRecord } from '../records/session-record.js';
import { isSessionId } from './session-id.js';

/** A record that was loaded, and how long it still lives. */
export interface LoadedRecord {
  readonly record: SessionRecord;
  readonly time: TimeLeft;
}

/** Loads sessions. */
@Injectable()
export class SessionLoader {
  readonly #turns = new EventLoopTurns();
  /**
   * The request in whose synchronous step express-session asks the store for its session. express-session does not tell the store. The
   * middleware sets it, and the observers get the request's route.
   */
  asking: object | undefined;

  constructor(
    private readonly loads: LoadBatcher,
    private readonly migrator: SessionMigrator,
    private readonly reader: RecordReader,
    private readonly liveSessions: LiveSessions,
    private readonly repository: RetryingRepository,
    private readonly codec: SessionCodec,
    private readonly transactions: AppTransactions,
    private readonly observers: SessionObservers,
  ) {}

  /**
   * Loads a session.
   *
   * @returns its data, with its base; undefined if the session is absent, expired or unreadable
   * @throws SessionUnavailableError, SessionDecryptionError, SessionInTransactionError
   */
  async load(sessionId: string): Promise<SessionData | undefined> {
    // cookie-parser makes objects of some cookies.
    if (!isSessionId(sessionId)) return undefined;
    this.transactions.refuse('load');
    const storageKey = this.codec.storageKeyOf(sessionId);
    const loaded = await this.read(storageKey, sessionId);
    return loaded && this.liveSessions.open(storageKey, loaded.record, loaded.time);
  }

  /**
   * Loads a record.
   *
   * @param sessionId where the session may still be in the previous store
   * @throws SessionUnavailableError, SessionDecryptionError
   */
  read(storageKey: string, sessionId?: string): Promise<LoadedRecord | undefined> {
    const { operations, outages } = this.observers;
    const loaded = operations ? operations.load(() => this.#read(storageKey, sessionId), this.#route) : this.#read(storageKey, sessionId);
    return outages.watch('load', loaded);
  }

  /**
   * Reads the values of a record that was loaded. Undefined if they cannot be read.
   *
   * @throws SessionDecryptionError
   */
  async open(storageKey: string, stored: StoredRecord): Promise<LoadedRecord | undefined> {
    // Many requests may wait for one query.
    if (stored.data.length > LARGE_TEXT) await this.#turns.next();
    const record = this.reader.read(storageKey, stored);
    return record && { record, time: stored };
  }

  /** Every live session, by storage key; without those that cannot be read. */
  async all(): Promise<Record<string, SessionData>> {
    this.transactions.refuse('load');
    const sessions: Record<string, SessionData> = {};
    for (const [storageKey, stored] of await this.observers.outages.watch('load', this.repository.all())) {
      if (stored.data.length > LARGE_TEXT) await this.#turns.next();
      const record = this.#readIfPossible(storageKey, stored);
      if (record) sessions[storageKey] = this.liveSessions.inflate(record, stored.remaining);
    }
    return sessions;
  }

  get #route(): RequestRoute | undefined {
    return this.asking && this.observers.notesRoutes ? routeFor(this.asking) : undefined;
  }

  async #read(storageKey: string, sessionId: string | undefined): Promise<LoadedRecord | undefined> {
    const mayMigrate = this.migrator.isOn && sessionId !== undefined;
    const stored = await (mayMigrate ? this.migrator.load(storageKey, sessionId) : this.loads.submit(storageKey));
    return stored && this.open(storageKey, stored);
  }

  /** A record that cannot be opened must not hide the others. */
  #readIfPossible(storageKey: string, stored: StoredRecord): SessionRecord | undefined {
    try {
      return this.reader.read(storageKey, stored);
    } catch {
      return undefined;
    }
  }
}
