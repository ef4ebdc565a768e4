import { groupBy } from '../shared/group-by.js';
import type { HistoryRequest, Recording, Values } from './history-request.js';
import { SessionHistory } from './session-history.js';

/** A recording, session by session. */
export class History {
  readonly sessions: readonly SessionHistory[];
  readonly #byKey: ReadonlyMap<string, SessionHistory>;

  constructor(readonly recording: Recording) {
    const audit = groupBy(recording.audit, ({ key }) => key);
    const requests = groupBy(recording.requests, (request) => changedKeyOf(request) ?? '');
    const endings = groupBy(recording.requests.filter(mayEnd), ({ key }) => key!);
    const keys = new Set([...audit.keys(), ...requests.keys(), ...endings.keys()].filter(Boolean));
    this.sessions = [...keys].map((key) => new SessionHistory(key, audit.get(key) ?? [], requests.get(key) ?? [], endings.get(key) ?? []));
    this.#byKey = new Map(this.sessions.map((session) => [session.key, session]));
  }

  get requests(): readonly HistoryRequest[] {
    return this.recording.requests;
  }

  /** The requests that found something in a session, each with the session. */
  reads(): (readonly [HistoryRequest & { readonly seen: Values }, SessionHistory])[] {
    return this.requests.flatMap((request) => {
      const session = this.#byKey.get(request.key ?? '');
      return request.seen && session ? [[request as HistoryRequest & { readonly seen: Values }, session] as const] : [];
    });
  }

  /** How many keys were set or deleted by requests that were told so. */
  get acknowledged(): number {
    return this.requests
      .filter(({ outcome }) => outcome === 'ok')
      .reduce((sum, { puts, deletes }) => sum + Object.keys(puts).length + deletes.length, 0);
  }
}

/** The session that a request's changes are for: a new one, or that of its cookie. */
function changedKeyOf({ operation, key, newKey }: HistoryRequest): string | undefined {
  return operation === 'begin' || operation === 'login' ? newKey : key;
}

/** Whether a request may have ended the session that its cookie names. */
function mayEnd({ operation, key, outcome }: HistoryRequest): boolean {
  return key !== undefined && (operation === 'login' || operation === 'logout') && outcome !== 'gone';
}
