import { SessionObservers, type LifecycleObserver, type OperationObserver } from '../../src/observers/session-observers.js';

/** Observers that record each notification as an array that starts with its kind. */
export class RecordingObservers extends SessionObservers {
  readonly told: unknown[][];

  constructor() {
    const told: unknown[][] = [];
    const lives: LifecycleObserver = {
      created: (session) => told.push(['created', session.userId]),
      merged: (session, merge) => told.push(['merged', session.userId, merge]),
      destroyed: (session, reason) => told.push(['destroyed', session.userId, reason]),
      expired: (session) => told.push(['expired', session.userId]),
    };
    let works = 0;
    const work: OperationObserver = {
      load: async (load) => {
        const found = await load();
        told.push(['load', found !== undefined]);
        return found;
      },
      commit: async (commit) => {
        const outcome = await commit();
        told.push(['commit', outcome.kind]);
        return outcome;
      },
      current: () => ++works,
      batch: (kind, members, send) => {
        told.push(['batch', kind, members.length]);
        return send();
      },
      conflicted: () => told.push(['conflicted']),
      retried: () => told.push(['retried']),
    };
    super(lives, work);
    this.told = told;
  }

  /** Returns the notifications of these kinds, in order. */
  of(...kinds: string[]): unknown[][] {
    return this.told.filter(([kind]) => kinds.includes(kind as string));
  }
}
