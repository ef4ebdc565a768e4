import { Injectable } from '@nestjs/common';
import { RetryingRepository } from '../batching/retrying-repository.js';
import { SessionCodec } from '../codec/session.codec.js';
import { storedValuesIn } from '../codec/stored-values.js';
import { SessionDestroyer } from '../ending/session-destroyer.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { UserRow } from '../persistence/user-rows.js';
import { handleOf } from '../security/session-handle.js';
import { withoutUsers } from './login-devices.js';
import { openedTexts } from './user-devices.js';

/** A session in an export. Times are texts of ISO 8601. */
export interface ExportedSession {
  readonly handle: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Null if the option `devices` is off. */
  readonly lastSeenAt: string | null;
  /** A time in the past means that the row has expired, and was not pruned yet. */
  readonly expiresAt: string;
  readonly userAgent: string | null;
  readonly ipAddress: string | null;
  readonly deviceLabel: string | null;
  /** The values by key, in the JSON form in which they are stored. Null if they cannot be read. */
  readonly data: Readonly<Record<string, unknown>> | null;
  /** Why the values cannot be read; null if they can. */
  readonly unreadable: string | null;
}

/** Everything that is stored about a user, as a plain JSON value. */
export interface UserExport {
  readonly userId: string;
  /** The newest first. */
  readonly sessions: readonly ExportedSession[];
}

/** Exports and erases everything that is stored about a user. */
@Injectable()
export class UserData {
  constructor(
    private readonly repository: RetryingRepository,
    private readonly destroyer: SessionDestroyer,
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Returns all rows of a user, also those that have expired.
   *
   * @throws SmartSessionConfigError if the app's repository cannot, SessionUnavailableError
   */
  async export(userId: string): Promise<UserExport> {
    return { userId, sessions: (await this.#rowsOf('exportUser', userId)).map((row) => this.#exported(row)) };
  }

  /**
   * Destroys the live sessions of a user, and deletes the rows that have expired, and the leases of both.
   *
   * @returns how many rows
   * @throws SmartSessionConfigError if the app's repository cannot, SessionUnavailableError
   */
  async erase(userId: string): Promise<number> {
    const rows = await this.#rowsOf('eraseUser', userId);
    const destroyed = await this.destroyer.destroyAll(userId, undefined);
    const expired = await this.repository.onUsers('destroy', (users) => users.eraseExpired(userId));
    const keys = rows.map(({ storageKey }) => storageKey);
    // The app's user may have no rights on the table of leases. The pruner deletes leases too, an hour after their end.
    if (this.repository.hasLeases) await this.repository.onUsers('destroy', (users) => users.eraseLeases(keys)).catch(() => undefined);
    return destroyed + expired;
  }

  #rowsOf(operation: string, userId: string): Promise<UserRow[]> {
    if (!this.repository.hasUsers) throw withoutUsers(`\`${operation}\``);
    return this.repository.onUsers('list', (users) => users.all(userId));
  }

  #exported(row: UserRow): ExportedSession {
    const { storageKey, data, createdAt, updatedAt, lastSeenAt, expiresAt } = row;
    const read = storedValuesIn(this.codec, storageKey, data);
    return {
      handle: handleOf(storageKey),
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
      lastSeenAt: this.options.devices ? lastSeenAt.toISOString() : null,
      expiresAt: expiresAt.toISOString(),
      ...openedTexts(this.codec, row),
      data: 'values' in read ? read.values : null,
      unreadable: 'unreadable' in read ? read.unreadable : null,
    };
  }
}
