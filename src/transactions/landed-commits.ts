import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import type { CommitOutcome } from '../commit/edit.js';
import { LoginDevices } from '../devices/login-devices.js';
import { SessionLimit } from '../ending/session-limit.js';
import type { LiveSession } from '../live/live-session.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { SessionRecord } from '../records/session-record.js';
import { userIdIfKnown } from '../records/user-id.js';
import { SessionLimitError } from '../smart-session.errors.js';

/** Does what follows a commit, once the transaction of the app that it was part of has committed. */
@Injectable()
export class LandedCommits {
  constructor(
    private readonly limit: SessionLimit,
    private readonly devices: LoginDevices,
    private readonly observers: SessionObservers,
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Tells the observers of a new session and the watches of a change, and enforces `maxSessionsPerUser`.
   *
   * @param before undefined for a new record
   * @throws SessionLimitError if the session was destroyed, because the user has no room. The app's rows stay
   */
  async announce(storageKey: string, before: SessionRecord | undefined, outcome: CommitOutcome): Promise<void> {
    this.observers.hints.listener?.written(storageKey);
    if (!before && outcome.kind === 'committed') {
      const userId = userIdIfKnown(outcome.record.values, this.options, this.codec) ?? null;
      this.observers.lifecycle?.created({ storageKey, userId });
    }
    if (this.limit.isOn) await this.observers.outages.watch('commit', this.limit.admit(storageKey, before, outcome));
  }

  /** Does the same for a live session, which ends if the user has no room. Also stores the device of a login. */
  async announceLive(session: object, live: LiveSession, before: SessionRecord | undefined, outcome: CommitOutcome): Promise<void> {
    try {
      await this.announce(live.storageKey, before, outcome);
    } catch (error) {
      if (error instanceof SessionLimitError) live.state = 'gone';
      throw error;
    }
    if (this.devices.isOn) await this.devices.note(session, live.storageKey, before, outcome);
  }
}
