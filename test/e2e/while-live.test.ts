import { EventEmitter, on } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { lastValueFrom, of, Subject, throwError, toArray } from 'rxjs';
import { SessionWatchLimitError } from '../../src/index.js';
import type { Browser } from '../support/browser.js';
import { SessionsApp, sessionIdOf } from '../support/sessions-app.js';

describe('a stream that ends with its session', () => {
  let app: SessionsApp;
  let browser: Browser;
  let id: string;
  beforeAll(async () => {
    app = await SessionsApp.start('sqlite', { tableName: 'while_live', feed: { interval: 50, grace: 5000, maxWatches: 1 } });
  });
  beforeEach(async () => {
    browser = await app.browser();
    id = sessionIdOf(browser);
  });
  // Only one watch is possible, so each test sees whether those before have stopped theirs.
  afterAll(() => app.close());

  const isWatched = () => {
    try {
      app.sessions.watch(id, { onEnd: () => {} }).stop();
      return false;
    } catch {
      return true;
    }
  };

  describe('of an observable', () => {
    it('completes when the session ends, and leaves its source', async () => {
      const source = new Subject<number>();
      const values = lastValueFrom(app.sessions.whileLive(id, source).pipe(toArray()));
      source.next(1);
      source.next(2);
      await browser.delete('/session');
      expect(await values).toEqual([1, 2]);
      expect([source.observed, isWatched()]).toEqual([false, false]);
    });

    it('completes at once if the session has ended before', async () => {
      await browser.delete('/session');
      expect(await lastValueFrom(app.sessions.whileLive(id, new Subject()).pipe(toArray()))).toEqual([]);
    });

    it.each([
      ['completes', of(1), [1]],
      ['fails', throwError(() => new Error('no rows')), 'no rows'],
    ])('stops the watch when its source %s', async (_name, source, wanted) => {
      const values = lastValueFrom(app.sessions.whileLive(id, source).pipe(toArray()));
      expect(await values.catch(({ message }: Error) => message)).toEqual(wanted);
      expect(isWatched()).toBe(false);
    });

    it('watches from the first subscriber to the last', () => {
      const stream = app.sessions.whileLive(id, new Subject());
      expect(isWatched()).toBe(false);
      const subscription = stream.subscribe();
      expect(isWatched()).toBe(true);
      let failure: unknown;
      stream.subscribe({ error: (error: unknown) => (failure = error) });
      expect(failure).toBeInstanceOf(SessionWatchLimitError);
      subscription.unsubscribe();
      expect(isWatched()).toBe(false);
    });
  });

  describe('of an async iterable', () => {
    it('is done when the session ends, while its reader waits for a value', async () => {
      const source = new EventEmitter();
      const values = app.sessions.whileLive(id, on(source, 'row'));
      const first = values.next();
      source.emit('row', 1);
      expect(await first).toEqual({ done: false, value: [1] });
      const second = values.next();
      await browser.delete('/session');
      expect([await second, await values.next()]).toEqual([
        { done: true, value: undefined },
        { done: true, value: undefined },
      ]);
      expect([source.listenerCount('row'), isWatched()]).toEqual([0, false]);
    });

    it('lets its reader leave while it waits for a value, also if the source is a generator', async () => {
      async function* rows() {
        yield await new Promise<number>(() => {});
      }
      const values = app.sessions.whileLive(id, rows());
      const next = values.next();
      await nextTurn();
      expect(isWatched()).toBe(true);
      expect(await values.return!()).toEqual({ done: true, value: undefined });
      expect(await next).toEqual({ done: true, value: undefined });
      expect(isWatched()).toBe(false);
    });

    it('ends a loop by break, and cleans up the source', async () => {
      const steps: unknown[] = [];
      async function* rows() {
        try {
          yield 1;
          yield 2;
        } finally {
          steps.push('cleaned up');
        }
      }
      for await (const row of app.sessions.whileLive(id, rows())) {
        steps.push(row, isWatched());
        break;
      }
      expect([...steps, isWatched()]).toEqual([1, true, 'cleaned up', false]);
    });

    it('passes on all values, and the failure of its source', async () => {
      async function* rows() {
        yield 1;
        throw new Error('no rows');
      }
      const read: number[] = [];
      const loop = async () => {
        for await (const row of app.sessions.whileLive(id, rows())) read.push(row);
      };
      await expect(loop()).rejects.toThrow('no rows');
      expect([read, isWatched()]).toEqual([[1], false]);
    });
  });
});
