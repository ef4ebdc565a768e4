import { SessionDecryptionError } from '../smart-session.errors.js';
import type { SessionCodec } from './session.codec.js';

/** The stored values of a row as JSON, or why they cannot be read. */
export type StoredValues = { readonly values: Readonly<Record<string, unknown>> } | { readonly unreadable: string };

/** Reads the data of a row as it is stored: the values of `serializer: 'rich'` stay in their JSON form. */
export function storedValuesIn(codec: Pick<SessionCodec, 'open'>, storageKey: string, data: string): StoredValues {
  let values: unknown;
  try {
    values = JSON.parse(codec.open(storageKey, data));
  } catch (error) {
    if (error instanceof SessionDecryptionError) return { unreadable: error.message };
    return { unreadable: 'Its data is not JSON.' };
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return { unreadable: 'Its data is not a JSON object.' };
  return { values: values as Record<string, unknown> };
}
