import type { SessionEndReason } from '../feed/session-watch.js';

/** Why a socket is closed: its session has ended, or `none`, because its handshake had no session. */
export type SocketClosingReason = SessionEndReason | 'none';

/** The codes and texts that close a WebSocket. Codes from 4000 are the app's own. 1013 is registered as "try again later". */
export const CLOSINGS: Readonly<Record<SocketClosingReason, { readonly code: number; readonly text: string }>> = {
  none: { code: 4401, text: 'no session' },
  ended: { code: 4401, text: 'session ended' },
  expired: { code: 4401, text: 'session expired' },
  unknown: { code: 1013, text: 'try again later' },
};
