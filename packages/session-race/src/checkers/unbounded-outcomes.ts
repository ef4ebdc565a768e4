import { describeRequest } from '../history/history-request.js';
import type { History } from '../history/history.js';

/** BoundedOutcome: every request is answered, and nothing stays behind on the database. */
export function findUnboundedOutcomes({ requests, recording }: History): string[] {
  const hung = requests.filter(({ outcome }) => outcome === 'hung');
  return [...hung.map((request) => `${describeRequest(request)} was not answered`), ...recording.leftBehind];
}
