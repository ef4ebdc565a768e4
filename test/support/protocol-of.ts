import { SmartSessionStore, type SessionService } from '../../src/index.js';
import type { LiveSessions } from '../../src/live/live-sessions.js';
import type { SessionProtocol } from '../../src/protocol/session-protocol.js';

/** What the store, the interceptor and the gate call beside these sessions. */
export function protocolOf(sessions: SessionService): SessionProtocol {
  return sessions['protocol'];
}

/** A store of these sessions. */
export function storeOf(sessions: SessionService): SmartSessionStore {
  return new SmartSessionStore(protocolOf(sessions), liveSessionsOf(sessions), sessions);
}

/** The live sessions of these sessions. */
export function liveSessionsOf(sessions: SessionService): LiveSessions {
  return sessions['liveSessions'];
}
