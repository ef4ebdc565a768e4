import { SLOTS } from '../app/sample-session.js';

/** What one connection works on. */
export interface ClientPlan {
  /** The slot that it alone writes. */
  readonly slot: number;
  /** The sessions that it picks from, by their cookies. */
  readonly sessions: readonly string[];
}

/**
 * Divides the sessions among groups of as many connections as a session has slots: in a group each
 * connection has its own slot of each of the group's sessions.
 */
export function planClients(connections: number, sessions: readonly string[]): ClientPlan[] {
  const groups = Math.ceil(connections / SLOTS);
  const share = Math.floor(sessions.length / groups);
  if (share === 0) throw new Error(`${sessions.length} sessions are too few for ${connections} connections.`);
  return Array.from({ length: connections }, (_, connection) => {
    const group = Math.floor(connection / SLOTS);
    return { slot: connection % SLOTS, sessions: sessions.slice(group * share, (group + 1) * share) };
  });
}
