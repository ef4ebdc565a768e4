import { Injectable } from '@nestjs/common';
import { RetryingRepository } from '../batching/retrying-repository.js';
import { sealDevice } from '../codec/device-text.js';
import { SessionCodec } from '../codec/session.codec.js';
import type { CommitOutcome } from '../commit/edit.js';
import { newUserOf } from '../commit/new-user.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { SessionRecord } from '../records/session-record.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import { deviceOf } from './device-of-request.js';

/** The longest time that a login waits for the device to be stored, in ms. */
const LONGEST_WAIT = 2000;

/** Stores the device of a login, after the commit that gave the session its user. */
@Injectable()
export class LoginDevices {
  /** @throws SmartSessionConfigError if the app's repository cannot store devices */
  constructor(
    private readonly repository: RetryingRepository,
    private readonly codec: SessionCodec,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {
    if (this.isOn && !repository.hasUsers) throw withoutUsers('the option `devices`');
  }

  /** Whether devices are stored. */
  get isOn(): boolean {
    return this.options.devices !== undefined;
  }

  /**
   * Stores the device of a session's request if its commit was a login. The login is stored already, so that it stays valid if
   * this fails: then the device is unknown. The outage log reports the failure.
   *
   * @param session the live session, whose request is a login
   * @param before the record before the commit; undefined for a new one
   */
  async note(session: object, storageKey: string, before: SessionRecord | undefined, outcome: CommitOutcome): Promise<void> {
    const { devices, timeout } = this.options;
    const { req: request } = session as { readonly req?: object };
    if (!devices || !request) return;
    const userId = newUserOf(before, outcome, this.options, this.codec);
    if (userId === null) return;
    const { userAgent, ipAddress } = deviceOf(request, devices);
    const sealed = {
      userAgent: sealDevice(this.codec, storageKey, 'user_agent', userAgent),
      ipAddress: sealDevice(this.codec, storageKey, 'ip_address', ipAddress),
    };
    const limits = { timeout: Math.min(timeout, LONGEST_WAIT) };
    const written = this.repository.onUsers('update', (users) => users.writeDevice(storageKey, userId, sealed), limits);
    await this.observers.outages.watch('commit', written).catch(() => undefined);
  }
}

/** Returns the error for a repository of the app that works only on single records. */
export function withoutUsers(what: string): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'repository',
    `${what} needs a repository that finds the rows of a user`,
    'Give a repository that has the property `users`, such as one that extends `SqlSessionRepository`, or leave `repository` out.',
  );
}
