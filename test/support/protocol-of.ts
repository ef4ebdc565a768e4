import { SmartSessionStore, type SessionService } from '../../src/index.js';
import type { LiveSessions } from '../../src/live/live-sessions.js';
import type { SessionProtocol } from '../../src/protocol/session-protocol.js';

/** Returns the protocol that the store, the interceptor and the gate use for these sessions. */
export function protocolOf(sessions: SessionService): SessionProtocol {
  return sessions['protocol'];
}

/** Returns a store of these sessions. */
export function storeOf(sessions: SessionService): SmartSessionStore {
  return new SmartSessionStore(protocolOf(sessions), liveSessionsOf(sessions), sessions);
}

/** Returns the live sessions of this service. */
export function liveSessionsOf(sessions: SessionService): LiveSessions {
  return sessions['liveSessions'];
}
