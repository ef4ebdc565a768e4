import type { LifecycleObserver } from './session-observers.js';

/** An observer that tells each of these; undefined for none. */
export function combineObservers(observers: readonly LifecycleObserver[]): LifecycleObserver | undefined {
  if (observers.length < 2) return observers[0];
  const tell = (say: (observer: LifecycleObserver) => void) => observers.forEach(say);
  return {
    created: (session) => tell((observer) => observer.created(session)),
    merged: (session, merge) => tell((observer) => observer.merged(session, merge)),
    destroyed: (session, reason) => tell((observer) => observer.destroyed(session, reason)),
    expired: (session) => tell((observer) => observer.expired(session)),
  };
}
