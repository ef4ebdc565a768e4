import type { Merge } from '../observers/merge-trace.js';
import type { RequestRoute } from '../observers/request-route.js';
import type { BatchKind, LifecycleObserver, ObservedSession, OperationObserver } from '../observers/session-observers.js';
import { shownKey } from '../shared/shown-keys.js';
import { MinuteCounts } from './minute-counts.js';
import { SlowestTimes } from './slowest-times.js';

/** The most keys whose contests are counted. A client may choose the keys of a session. */
const MOST_KEYS = 200;

/** Counts what happens to the sessions of this process, for the board. It keeps no value and no session id. */
export class BoardFigures implements LifecycleObserver, OperationObserver {
  readonly since = new Date();
  readonly merges = new MinuteCounts();
  readonly loads = new SlowestTimes();
  readonly commits = new SlowestTimes();
  /** How often each key was changed by two requests at once, by its name. */
  readonly contested = new Map<string, number>();
  /** How often keys were contested for which there was no room. */
  uncounted = 0;
  conflicts = 0;
  retries = 0;
  /** Statements that several requests shared, and these requests. */
  readonly joined = { statements: 0, requests: 0 };

  created(): void {}

  merged(_session: ObservedSession, { contested }: Merge): void {
    this.merges.add();
    for (const key of contested) this.#contest(shownKey(key));
  }

  destroyed(): void {}

  expired(): void {}

  load<Found>(load: () => Promise<Found | undefined>, route?: RequestRoute): Promise<Found | undefined> {
    return this.loads.time(load, route);
  }

  commit<Outcome extends { readonly kind: string }>(commit: () => Promise<Outcome>, route?: RequestRoute): Promise<Outcome> {
    return this.commits.time(commit, route);
  }

  current(): undefined {
    return undefined;
  }

  batch<Result>(_kind: BatchKind, members: readonly unknown[], send: () => Promise<Result>): Promise<Result> {
    if (members.length > 1) {
      this.joined.statements++;
      this.joined.requests += members.length;
    }
    return send();
  }

  conflicted(): void {
    this.conflicts++;
  }

  retried(): void {
    this.retries++;
  }

  #contest(key: string): void {
    const known = this.contested.get(key);
    if (known !== undefined || this.contested.size < MOST_KEYS) this.contested.set(key, (known ?? 0) + 1);
    else this.uncounted++;
  }
}
