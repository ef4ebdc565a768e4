import { Observable } from 'rxjs';
import { LiveIterator, type BeginWatch } from './live-iterator.js';

/** Passes on the values of an observable, and completes when a session ends. The watch stops when the subscriber leaves. */
export function observeWhileLive<Value>(source: Observable<Value>, begin: BeginWatch): Observable<Value> {
  return new Observable((subscriber) => {
    const watch = begin({ onEnd: () => subscriber.complete() });
    subscriber.add(() => watch.stop());
    if (!subscriber.closed) source.subscribe(subscriber);
  });
}

/** The same for either kind of source. */
export function whileLive<Value>(
  source: Observable<Value> | AsyncIterable<Value>,
  begin: BeginWatch,
): Observable<Value> | AsyncIterableIterator<Value> {
  return Symbol.asyncIterator in source ? new LiveIterator(source, begin) : observeWhileLive(source, begin);
}
