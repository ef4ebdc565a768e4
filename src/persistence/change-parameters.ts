import { lifetimeParameters } from './expiry.js';
import type { RecordChange } from './record.js';

/** Returns the parameters of a statement that writes a record. */
export function changeParameters({ data, commitId, userId, maxAge, lifetime }: RecordChange): unknown[] {
  return [data, commitId, userId, maxAge, ...lifetimeParameters(lifetime)];
}
