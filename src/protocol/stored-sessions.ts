import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { SessionCodec } from '../codec/session.codec.js';
import type { DraftEdit } from '../commit/draft-edit.js';
import { SessionDestroyer } from '../ending/session-destroyer.js';
import { HeldLeases } from '../live/held-leases.js';
import { LiveSessions } from '../live/live-sessions.js';
import { SessionMigrator } from '../migration/session-migrator.js';
import { SessionObservers } from '../observers/session-observers.js';
import { isKeyedObject } from '../shared/plain-object.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { AppTransactions } from '../persistence/app-transactions.js';
import { fenceOf } from '../persistence/named-leases.js';
import { exactLifetime, lifeOfPlain } from '../records/lifetime.js';
import { userIdIfKnown } from '../records/user-id.js';
import { SessionGoneError } from '../smart-session.errors.js';
import { LiveCommitter } from './live-committer.js';
import { isSessionId } from './session-id.js';
import { SessionLoader } from './session-loader.js';
import { SessionStates } from './session-states.js';

/** Writes, changes and destroys sessions by their id. */
@Injectable()
export class StoredSessions {
  constructor(
    private readonly loader: SessionLoader,
    private readonly committer: LiveCommitter,
    private readonly states: SessionStates,
    private readonly destroyer: SessionDestroyer,
    private readonly migrator: SessionMigrator,
    private readonly liveSessions: LiveSessions,
    private readonly leases: HeldLeases,
    private readonly codec: SessionCodec,
    private readonly transactions: AppTransactions,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Writes a whole session that is plain data, whatever is stored. It lives as long as its cookie says.
   *
   * @throws TypeError for an id or data that is none
   * @throws SessionNotSerializableError, SessionTooLargeError, SessionConflictError, SessionUnavailableError
   */
  async replace(sessionId: string, data: object): Promise<void> {
    this.transactions.refuse('commit');
    if (!isSessionId(sessionId)) throw new TypeError('A session id is a string that is not empty. Give the id of the session.');
    if (!isKeyedObject(data)) throw new TypeError("A session's data is an object. Give its values by key.");
    const storageKey = this.codec.storageKeyOf(sessionId);
    const values = this.codec.encodeValues(data);
    const { maxAge, left } = lifeOfPlain(data);
    if (this.migrator.isOn) await this.observers.outages.watch('commit', this.migrator.remove(sessionId, 'commit'));
    const lifetime = left === undefined ? {} : { lifetime: exactLifetime(left) };
    const edit = { apply: () => values, maxAge, isIdKnown: true, ...lifetime } as const;
    if ((await this.committer.commitRecord(storageKey, undefined, edit)).kind === 'committed') return;
    // The record in the way cannot be read.
    await this.destroyer.destroy(storageKey, 'unreadable');
    await this.committer.commitRecord(storageKey, undefined, edit);
  }

  /**
   * Loads a session to lock it.
   *
   * @throws SessionGoneError if there is no such session, and what `SessionLoader.load` throws
   */
  async loadToLock(sessionId: string): Promise<object> {
    const session = await this.loader.load(sessionId);
    if (!session) throw new SessionGoneError(this.codec.storageKeyOf(sessionId), 'lock');
    return session;
  }

  /**
   * Changes the current record by a draft.
   *
   * @throws SessionGoneError if there is no such session, and what `commit` and the draft's function throw
   */
  async update(sessionId: string, draft: DraftEdit<unknown>): Promise<void> {
    const storageKey = this.codec.storageKeyOf(sessionId);
    const fence = fenceOf(this.leases.of(storageKey));
    const loaded = await this.loader.read(storageKey, sessionId);
    const outcome = loaded && (await this.committer.commitRecord(storageKey, loaded.record, { apply: draft.apply, fence }));
    if (outcome?.kind !== 'committed') throw new SessionGoneError(storageKey, 'update');
  }

  /**
   * Destroys a session: see `SessionService.destroy`.
   *
   * @throws SessionUnavailableError, SessionInTransactionError
   */
  async destroy(sessionId: string): Promise<void> {
    if (!isSessionId(sessionId)) return;
    this.transactions.refuse('destroy');
    await this.destroyForResponse(sessionId);
  }

  /** Destroys for a caller that no transaction of the app waits for: see `LiveCommitter.commitForResponse`. */
  async destroyForResponse(sessionId: string): Promise<void> {
    await this.observers.outages.watch('destroy', this.#destroy(sessionId));
  }

  async #destroy(sessionId: string): Promise<void> {
    if (this.migrator.isOn) await this.migrator.remove(sessionId, 'destroy');
    await this.destroyer.destroy(this.codec.storageKeyOf(sessionId), 'logout');
  }

  /**
   * Ends the request's session, before another takes its place.
   *
   * @throws SessionUnavailableError, SessionInTransactionError
   */
  async end({ session, sessionID }: Request): Promise<void> {
    this.transactions.refuse('regenerate');
    const live = this.liveSessions.find(session);
    if (live?.state === 'gone') return;
    const userId = live?.record && userIdIfKnown(live.record.values, this.options, this.codec);
    const destroyed = this.destroyer.destroy(this.codec.storageKeyOf(sessionID), 'replaced', userId);
    const wasStored = await this.observers.outages.watch('destroy', destroyed);
    if (live) live.isReplaced = wasStored;
  }

  /**
   * Whether the response of a request must tell the browser that this request has ended its session. True for one
   * response only.
   *
   * @param first the session that the request came with
   */
  claimEnd({ session, sessionID }: Partial<Request>, first: object): boolean {
    const { ended } = this.destroyer;
    if (ended.isEmpty) return false;
    const storageKey = session ? this.liveSessions.find(session)?.storageKey : isSessionId(sessionID) && this.codec.storageKeyOf(sessionID);
    if (!storageKey || (session && !this.states.isGone(session) && !ended.isPending(storageKey))) return false;
    return ended.claim(storageKey, this.liveSessions.find(first)?.isReplaced === true);
  }
}
