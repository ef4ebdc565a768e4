import { Injectable } from '@nestjs/common';
import { LoadBatcher } from '../batching/load-batcher.js';
import { SessionCodec, type SessionValues } from '../codec/session.codec.js';
import { FlightEdit } from '../commit/flight-edit.js';
import { SessionMerger } from '../commit/session-merger.js';
import { HeldLeases } from '../live/held-leases.js';
import { LiveChanges } from '../live/live-changes.js';
import { LiveSessions } from '../live/live-sessions.js';
import { SessionObservers } from '../observers/session-observers.js';
import { fenceOf, type NamedLease } from '../persistence/named-leases.js';
import type { SessionRecord } from '../records/session-record.js';
import { SessionGoneError } from '../smart-session.errors.js';
import { LiveCommitter } from './live-committer.js';
import { SessionLoader } from './session-loader.js';

/** The session of a flight: that of a request, or one by its id. */
export interface FlightTarget {
  readonly storageKey: string;
  /** Whether other requests may have it. */
  readonly isShared: boolean;
  /** Its values, as they are known. */
  readonly values: SessionValues;
  /**
   * Loads what is stored by now.
   *
   * @throws SessionGoneError, SessionUnavailableError
   */
  refresh(): Promise<void>;
  /** Begins an edit of the values that are known. */
  edit(): FlightEdit;
  /**
   * Commits an edit.
   *
   * @param lease is finished by the commit; undefined for a session that is not shared
   * @throws SessionLockLostError if the lease is another's by now, and what `SessionService.update` throws
   */
  commit(edit: FlightEdit, lease: NamedLease | undefined): Promise<void>;
}

/** Finds the sessions of flights. */
@Injectable()
export class FlightTargets {
  constructor(
    private readonly committer: LiveCommitter,
    private readonly loader: SessionLoader,
    private readonly loads: LoadBatcher,
    private readonly liveSessions: LiveSessions,
    private readonly leases: HeldLeases,
    private readonly changes: LiveChanges,
    private readonly merger: SessionMerger,
    private readonly codec: SessionCodec,
    private readonly observers: SessionObservers,
  ) {}

  /**
   * Finds a session.
   *
   * @param session the live session, or a session id
   * @throws SessionGoneError if there is no session of the id
   */
  async of(session: object | string): Promise<FlightTarget> {
    return typeof session === 'string' ? this.#stored(session) : this.#live(session);
  }

  #live(session: object): FlightTarget {
    const { committer, loads, observers, codec, merger, changes } = this;
    const live = this.liveSessions.ofLive(session);
    const { storageKey } = live;
    return {
      storageKey,
      isShared: live.state !== 'new',
      values: session as SessionValues,
      async refresh() {
        const stored = await observers.outages.watch('lock', loads.submit(storageKey));
        if (!stored || !(await committer.refresh(session, stored))) throw new SessionGoneError(storageKey, 'lock');
      },
      edit: () => new FlightEdit(codec, merger, changes.snapshot(session, live).values),
      commit: (edit, lease) => committer.update(session, edit, lease),
    };
  }

  async #stored(sessionId: string): Promise<FlightTarget> {
    const { committer, loader, codec, merger, leases } = this;
    const storageKey = codec.storageKeyOf(sessionId);
    const load = async (): Promise<SessionRecord> => {
      const loaded = await loader.read(storageKey, sessionId);
      if (!loaded) throw new SessionGoneError(storageKey, 'lock');
      return loaded.record;
    };
    let record = await load();
    return {
      storageKey,
      isShared: true,
      get values() {
        return codec.decodeValues(record.values);
      },
      async refresh() {
        record = await load();
      },
      edit: () => new FlightEdit(codec, merger, record.values),
      async commit({ apply }, lease) {
        const outcome = await committer.commitRecord(storageKey, record, { apply, fence: fenceOf(leases.of(storageKey), lease) });
        if (outcome.kind !== 'committed') throw new SessionGoneError(storageKey, 'update');
        record = outcome.record;
      },
    };
  }
}
