import { isSealed } from '../codec/seal.js';
import { SessionDeviceLabelError } from '../smart-session.errors.js';

/** The longest label of a device, in UTF-16 code units. */
const LONGEST_LABEL = 100;

/** Characters that control a terminal, or cannot be stored as text. */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Checks a label that the app gives, which may be what a user has typed.
 *
 * @throws SessionDeviceLabelError
 */
export function givenLabel(label: unknown): string | null {
  if (label === null) return null;
  if (typeof label !== 'string') throw new SessionDeviceLabelError(`a value of type ${typeof label}`);
  if (label === '') throw new SessionDeviceLabelError('an empty text');
  if (label.length > LONGEST_LABEL) throw new SessionDeviceLabelError(`${label.length} characters`);
  if (isSealed(label)) throw new SessionDeviceLabelError('a text that begins as an encrypted one does');
  if (UNSAFE.test(label)) throw new SessionDeviceLabelError('a text with control characters, or half a surrogate pair');
  return label;
}
