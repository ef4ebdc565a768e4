import { Injectable } from '@nestjs/common';
import type { Edit } from '../commit/edit.js';
import { changedKeys, computeDelta } from '../merge/delta.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import { fenceOf, type NamedLease } from '../persistence/named-leases.js';
import { HeldLeases } from './held-leases.js';
import { LiveChanges, type SessionEdit, type Snapshot } from './live-changes.js';
import type { LiveSession } from './live-session.js';
import { refuseBroken } from './session-integrity.js';
import { refuseReadOnly } from './session-policy.js';

/** The values of a live session now, and the edit that a commit makes of them. */
export interface LiveEdit<Made extends Edit | undefined = Edit> {
  readonly now: Snapshot;
  readonly edit: Made;
}

/** Makes the edits of live sessions. */
@Injectable()
export class LiveEdits {
  constructor(
    private readonly changes: LiveChanges,
    private readonly leases: HeldLeases,
  ) {}

  /** Makes an edit of the request's changes; no edit if there are none. */
  of(session: object, live: LiveSession): LiveEdit<SessionEdit | undefined> {
    refuseBroken(session);
    const now = this.changes.snapshot(session, live);
    const edit = this.changes.editOf(now, live);
    const fence = edit && this.#fenceOf(live);
    return { now, edit: fence ? { ...edit, fence } : edit };
  }

  /**
   * Makes an edit of the request's changes and a draft that is applied after them.
   *
   * @param lease is finished by the commit
   */
  withDraft(session: object, live: LiveSession, draft: Pick<Edit, 'apply'>, lease?: NamedLease): LiveEdit {
    const { now, edit } = this.of(session, live);
    const { leaseId, policy, state } = live;
    const apply = (current: EncodedValues) => {
      const values = draft.apply(edit ? edit.apply(current) : current);
      const changes = computeDelta(current, values);
      refuseReadOnly(policy, changedKeys(changes));
      made.written = changes;
      return values;
    };
    const maxAge = state === 'new' ? { maxAge: now.maxAge } : {};
    const fence = this.#fenceOf(live, lease);
    const made: Edit = { leaseId, keepsExpiry: policy.keepsExpiry, ...maxAge, ...edit, apply, fence, mustSeeCurrent: true };
    return { now, edit: made };
  }

  /** The leases that a commit needs: those of the handler, and those that the caller is inside. */
  #fenceOf(live: LiveSession, finished?: NamedLease) {
    return fenceOf([...live.namedLeases, ...this.leases.of(live.storageKey)], finished);
  }
}
