import { SessionDecryptionError } from '../smart-session.errors.js';
import type { SessionCodec } from './session.codec.js';

/** The columns that describe a device. */
export const DEVICE_COLUMNS = ['user_agent', 'ip_address', 'device_label'] as const;

/** A column that describes a device. */
export type DeviceColumn = (typeof DEVICE_COLUMNS)[number];

/** Seals and opens texts. */
type Sealing = Pick<SessionCodec, 'seal' | 'open'>;

/** Returns the text to store in a column. It is sealed if encryption is on, and bound to its row and its column. */
export function sealDevice(codec: Sealing, storageKey: string, column: DeviceColumn, text: string | null): string | null {
  return text === null ? null : codec.seal(boundTo(storageKey, column), text);
}

/**
 * Returns the text that a column holds.
 *
 * @throws SessionDecryptionError
 */
export function openDevice(codec: Sealing, storageKey: string, column: DeviceColumn, stored: string): string {
  return codec.open(boundTo(storageKey, column), stored);
}

/** Returns the text that a column holds, or null for none and for one that cannot be decrypted. */
export function deviceTextIn(codec: Sealing, storageKey: string, column: DeviceColumn, stored: string | null): string | null {
  if (stored === null) return null;
  try {
    return openDevice(codec, storageKey, column, stored);
  } catch (error) {
    if (error instanceof SessionDecryptionError) return null;
    throw error;
  }
}

/** No storage key has a NUL, because the databases' texts have none. */
function boundTo(storageKey: string, column: DeviceColumn): string {
  return `${storageKey}\0${column}`;
}
