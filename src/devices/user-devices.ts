import { Injectable } from '@nestjs/common';
import { RetryingRepository } from '../batching/retrying-repository.js';
import { deviceTextIn, sealDevice } from '../codec/device-text.js';
import { SessionCodec } from '../codec/session.codec.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { SessionSummary } from '../persistence/session.repository.js';
import type { DeviceRow, DeviceTexts } from '../persistence/user-rows.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import { givenLabel } from './device-label.js';
import { DeviceNames } from './device-names.js';

/** A live session of a user, and the device that has logged in. */
export interface SessionDevice extends SessionSummary, DeviceTexts {
  /** Null if the option `devices` is off. */
  readonly lastSeenAt: Date | null;
  /** The name that `describe` of the option `devices` gives to the user agent. Null if there is none. */
  readonly deviceName: string | null;
}

const UNKNOWN = { lastSeenAt: null, userAgent: null, ipAddress: null, deviceLabel: null, deviceName: null };

/** Lists and labels the devices of a user. */
@Injectable()
export class UserDevices {
  constructor(
    private readonly repository: RetryingRepository,
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  readonly #names = new DeviceNames();

  /**
   * Returns the live sessions of a user with their devices, newest first. The device is unknown if the option `devices` is off.
   *
   * @throws SessionUnavailableError
   */
  async list(userId: string): Promise<SessionDevice[]> {
    if (!this.options.devices) return (await this.repository.list(userId)).map((summary) => ({ ...summary, ...UNKNOWN }));
    const rows = await this.repository.onUsers('list', (users) => users.list(userId));
    return rows.map((row) => this.open(row));
  }

  /** Opens the texts of a listed session, and names its device. A text that cannot be decrypted is unknown. */
  open(row: DeviceRow): SessionDevice {
    const texts = openedTexts(this.codec, row);
    return { ...row, ...texts, deviceName: this.#names.of(texts.userAgent, this.options.devices?.describe) };
  }

  /**
   * Writes the label of a session.
   *
   * @returns false if the session has ended meanwhile, or has another user
   * @throws SessionDeviceLabelError, SmartSessionConfigError if the option `devices` is off, SessionUnavailableError
   */
  label(storageKey: string, userId: string, label: string | null): Promise<boolean> {
    const sealed = sealDevice(this.codec, storageKey, 'device_label', label);
    return this.repository.onUsers('update', (users) => users.writeLabel(storageKey, userId, sealed));
  }

  /**
   * Checks a label before anything is read.
   *
   * @throws SessionDeviceLabelError, SmartSessionConfigError if the option `devices` is off
   */
  checkedLabel(label: unknown): string | null {
    if (!this.options.devices)
      throw new SmartSessionConfigError(
        'devices',
        'nothing was given, but `labelDevice` was called',
        'Set `devices: true`: `list` shows labels only then.',
      );
    return givenLabel(label);
  }
}

/** Returns the texts of a device as they were before they were sealed. A text that cannot be decrypted is unknown. */
export function openedTexts(
  codec: SessionCodec,
  { storageKey, userAgent, ipAddress, deviceLabel }: DeviceTexts & { readonly storageKey: string },
): DeviceTexts {
  return {
    userAgent: deviceTextIn(codec, storageKey, 'user_agent', userAgent),
    ipAddress: deviceTextIn(codec, storageKey, 'ip_address', ipAddress),
    deviceLabel: deviceTextIn(codec, storageKey, 'device_label', deviceLabel),
  };
}
