import type { History } from '../history/history.js';
import type { SessionHistory } from '../history/session-history.js';
import type { Breach } from './breach.js';

/** Reads that found a value which another browser has set in its own session. */
export function findForeign(session: SessionHistory, history: History): Breach[] {
  return session.requests.flatMap((read) => {
    const [key, value] = Object.entries(read.seen ?? {}).find(([name]) => name.includes('.')) ?? [];
    const victim = history.requests.find(({ puts }) => Object.values(puts).includes(value!));
    if (key === undefined || !victim) return [];
    const text = `${read.owner} was shown ${key.replace('.', "'s key ")}.`;
    return [{ kind: 'foreign' as const, session: session.key, key, victim, proof: read, text }];
  });
}
