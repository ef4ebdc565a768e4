import type { HistoryRequest } from '../history/history-request.js';

/** The kinds of loss that answers alone can show. */
export type BreachKind = 'lost' | 'resurrected' | 'stale' | 'foreign';

/** One loss, with the requests that show it. */
export interface Breach {
  readonly kind: BreachKind;
  /** The session, by the name of its browser. */
  readonly session: string;
  /** The key that the requests are about. */
  readonly key: string;
  /** The acknowledged request that is not kept: the update, or the end of the session. */
  readonly victim: HistoryRequest;
  /** The request whose answer shows it. */
  readonly proof: HistoryRequest;
  /** An update at the same time, which is still there: it probably overwrote the victim. Answers cannot prove that. */
  readonly suspect?: HistoryRequest;
  /** One sentence. */
  readonly text: string;
}
