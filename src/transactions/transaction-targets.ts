import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import type { CommitOutcome, Edit } from '../commit/edit.js';
import type { TransactionCommit } from '../commit/transaction-committer.js';
import { HeldLeases } from '../live/held-leases.js';
import { LiveSessions } from '../live/live-sessions.js';
import type { LiveSession } from '../live/live-session.js';
import { LiveTurn } from '../live/live-turn.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { fenceOf } from '../persistence/named-leases.js';
import { LiveCommitter } from '../protocol/live-committer.js';
import { LiveEdits } from '../live/live-edits.js';
import type { SessionRecord } from '../records/session-record.js';
import { LandedCommits } from './landed-commits.js';
import { notEnded } from './not-ended.js';

/** The change that an attempt makes to a session, and the step that follows its COMMIT. */
export interface Attempt {
  readonly commit: TransactionCommit;
  /** Moves the live session on to what was committed. */
  take(before: SessionRecord | undefined, outcome: CommitOutcome): Promise<void>;
}

/** The session of a transaction: that of a request, or one by its id. */
export interface TransactionTarget {
  readonly storageKey: string;
  /** Runs work while no other commit of the live session runs. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
  /**
   * Begins an attempt.
   *
   * @param draft is applied after what the request has changed before
   */
  attempt(draft: Pick<Edit, 'apply'>): Attempt;
  /** Forbids further commits of the live session. */
  abandon(reason: Error): void;
}

/** Finds the sessions of transactions. */
@Injectable()
export class TransactionTargets {
  constructor(
    private readonly committer: LiveCommitter,
    private readonly edits: LiveEdits,
    private readonly liveSessions: LiveSessions,
    private readonly leases: HeldLeases,
    private readonly landed: LandedCommits,
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /** @param session the live session, or a session id */
  of(session: object | string): TransactionTarget {
    return typeof session === 'string' ? this.#stored(session) : this.#live(session);
  }

  #live(session: object): TransactionTarget {
    const { committer, edits, landed } = this;
    const live = this.liveSessions.ofLive(session);
    const { storageKey } = live;
    return {
      storageKey,
      inTurn: (work) => withinTurn(live, this.options.timeout, work),
      abandon: (reason) => void (live.abandoned ??= reason),
      attempt(draft) {
        committer.refuseOver(session, live);
        const made = edits.withDraft(session, live, draft);
        return {
          commit: { storageKey, base: live.record, isNew: live.state === 'new', edit: made.edit },
          async take(before, outcome) {
            committer.take(session, live, made, outcome);
            await landed.announceLive(session, live, before, outcome);
          },
        };
      },
    };
  }

  #stored(sessionId: string): TransactionTarget {
    const storageKey = this.codec.storageKeyOf(sessionId);
    const fence = fenceOf(this.leases.of(storageKey));
    return {
      storageKey,
      inTurn: (work) => work(),
      abandon: () => {},
      attempt: ({ apply }) => ({
        commit: { storageKey, base: undefined, isNew: false, edit: { apply, fence, mustSeeCurrent: true } },
        take: (before, outcome) => this.landed.announce(storageKey, before, outcome),
      }),
    };
  }
}

/** Runs work while no other commit of a live session runs. The others wait no longer than `timeout`, in ms, because the work may hang. */
async function withinTurn<Result>(live: LiveSession, timeout: number, work: () => Promise<Result>): Promise<Result> {
  const turn = new LiveTurn(live);
  turn.bound(timeout, () => (live.abandoned ??= notEnded(timeout)));
  await turn.before.catch(() => undefined);
  try {
    return await work();
  } finally {
    turn.end();
  }
}
