import { SLOTS } from '../app/sample-session.js';

/** The slot and the sessions of one connection. */
export interface ClientPlan {
  /** The slot that only this connection writes. */
  readonly slot: number;
  /** The cookies of the sessions that it uses. */
  readonly sessions: readonly string[];
}

/**
 * Divides the sessions among groups of connections. A group has as many connections as a session has slots, and each connection
 * has its own slot in every session of its group.
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
