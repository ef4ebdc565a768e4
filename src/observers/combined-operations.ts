import type { OperationObserver } from './session-observers.js';

/** An observer that runs each operation within both of these. */
export function combineOperations(outer: OperationObserver, inner: OperationObserver): OperationObserver {
  return {
    load: (load, route) => outer.load(() => inner.load(load, route), route),
    commit: (commit, route) => outer.commit(() => inner.commit(commit, route), route),
    current: () => [outer.current(), inner.current()] as const,
    batch: (kind, members, send) => {
      const pairs = members as readonly (readonly [unknown, unknown])[];
      const own = (side: 0 | 1) => pairs.map((pair) => pair[side]);
      return outer.batch(kind, own(0), () => inner.batch(kind, own(1), send));
    },
    conflicted: () => {
      outer.conflicted();
      inner.conflicted();
    },
    retried: () => {
      outer.retried();
      inner.retried();
    },
  };
}
