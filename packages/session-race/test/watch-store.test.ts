import session from 'express-session';
import { RaceConfigError, watchStore, type StoreWatch, type WatchFinding, type WatchOptions } from '../src/index.js';
import { WatchCounter } from '../src/watch/watch-counts.js';
import { beginSession, HandlerApp, OVERTAKES, type LiveSession } from './handler-app.js';
import { LockingStore } from './stores.js';

type Callback = (error?: unknown) => void;
const { MemoryStore } = session;

let running: HandlerApp | undefined;
afterEach(() => running?.stop());

async function watched(store: session.Store, options?: WatchOptions): Promise<{ app: HandlerApp; watch: StoreWatch }> {
  const watch = watchStore(store, options);
  running = await HandlerApp.start(store);
  return { app: running, watch };
}

describe('watchStore', () => {
  it.each(OVERTAKES)('counts right if %s', async (_, slow, fast, found) => {
    const { app, watch } = await watched(new MemoryStore());
    await app.overtake(await beginSession(app), slow, fast);
    await app.settle();
    expect(watch.counts).toMatchObject({ lost: 0, resurrected: 0, unjudged: 0, ...found });
  });

  it('compares each save with what its own request has loaded, with several requests of one session', async () => {
    const { app, watch } = await watched(new MemoryStore());
    const cookie = await beginSession(app);
    const a = await app.begin(cookie, (s) => (s.a = 1));
    const b = await app.begin(cookie, (s) => (s.b = 1));
    await a.finish();
    const c = await app.begin(cookie, (s) => (s.c = 1));
    await c.finish();
    await app.settle();
    expect(watch.counts).toMatchObject({ checked: 2, lost: 0 });
    await b.finish();
    await app.settle();
    expect(watch.counts).toMatchObject({ checked: 3, lost: 2, lostByKey: { a: 1, c: 1 } });
  });

  it('compares the second save of a request with its first', async () => {
    const { app, watch } = await watched(new MemoryStore());
    await app.visit(await beginSession(app), async (s) => {
      s.a = 1;
      await save(s);
      s.b = 1;
    });
    await app.settle();
    expect(watch.counts).toMatchObject({ checked: 2, lost: 0 });
  });

  it('reports names and never values', async () => {
    const findings: WatchFinding[] = [];
    const { app, watch } = await watched(new MemoryStore(), { onFinding: (finding) => findings.push(finding) });
    await app.overtake(
      await beginSession(app),
      (s) => (s.mine = 1),
      (s) => (s.other = 'secret'),
    );
    await app.settle();
    expect(findings).toEqual([{ kind: 'lost', keys: ['other'] }]);
    expect(watch.counts.hours).toEqual([{ start: expect.any(Number), lost: 1, resurrected: 0 }]);
    expect(JSON.stringify(watch.counts)).not.toContain('secret');
  });

  it('counts nothing in a store that locks each session, if it is given a read without the lock', async () => {
    const store = new LockingStore();
    const read: WatchOptions['read'] = (sid, callback) => MemoryStore.prototype.get.call(store, sid, callback);
    const { app, watch } = await watched(store, { read });
    const cookie = await beginSession(app);
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => app.visit(cookie, (s) => (s[key] = 1))));
    expect(watch.counts).toMatchObject({ checked: 5, unjudged: 0, lost: 0, resurrected: 0 });
  });

  it('counts nothing that a store merges, although the save has an old value', async () => {
    class MergingStore extends MemoryStore {
      override set(sid: string, data: session.SessionData, callback?: Callback): void {
        super.get(sid, (_, current) =>
          super.set(sid, { ...data, ...current, ...added(data as { mine?: unknown }) } as session.SessionData, callback),
        );
      }
    }
    const added = ({ mine }: { mine?: unknown }): object => (mine ? { mine } : {});
    const { app, watch } = await watched(new MergingStore());
    await app.overtake(
      await beginSession(app),
      (s) => (s.mine = 1),
      (s) => (s.kept = 2),
    );
    await app.settle();
    expect(watch.counts).toMatchObject({ checked: 2, lost: 0 });
  });

  it('passes on errors of the store, thrown or given, and counts no save that failed', async () => {
    class BrokenStore extends MemoryStore {
      fault?: 'throws' | 'fails';
      override set(sid: string, data: session.SessionData, callback?: Callback): void {
        if (this.fault === 'throws') throw new Error('thrown');
        if (this.fault === 'fails') return callback?.(new Error('given'));
        super.set(sid, data, callback);
      }
    }
    const store = new BrokenStore();
    const { app, watch } = await watched(store);
    const cookie = await beginSession(app);
    for (const [fault, message] of [
      ['throws', 'thrown'],
      ['fails', 'given'],
    ] as const) {
      const slow = await app.begin(cookie, async (s) => {
        s.mine = fault;
        await expect(save(s)).rejects.toThrow(message);
        store.fault = undefined;
        delete s.mine;
      });
      store.fault = undefined;
      await app.visit(cookie, (s) => (s.other = fault));
      store.fault = fault;
      await slow.finish();
    }
    await app.settle();
    expect(watch.counts.lost).toBe(0);
  });

  it('passes on each call of a callback', async () => {
    class RepeatingStore extends MemoryStore {
      override set(sid: string, data: session.SessionData, callback?: Callback): void {
        super.set(sid, data, (error) => (callback?.(error), callback?.(error)));
      }
    }
    const { app, watch } = await watched(new RepeatingStore());
    let calls = 0;
    const slow = await app.begin(await beginSession(app), async (s) => {
      s.mine = 1;
      await new Promise<void>((resolve) => s.save(() => ++calls === 2 && resolve()));
    });
    await slow.finish();
    expect(calls).toBe(2);
    expect(watch.counts.checked).toBe(1);
  });

  it.each<[string, WatchOptions['read']]>([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['fails', (_, callback) => callback(new Error('down'))],
    ['never answers', () => {}],
  ])('saves unjudged if the read %s', async (_, read) => {
    const store = new MemoryStore();
    const { app, watch } = await watched(store, { read, timeout: 20 });
    const cookie = await beginSession(app);
    expect(await app.visit(cookie, (s) => (s.mine = 1))).toMatchObject({ status: 200 });
    let seen: unknown;
    await app.visit(cookie, (s) => (seen = s.mine));
    expect(seen).toBe(1);
    expect(watch.counts).toMatchObject({ checked: 0, unjudged: 1 });
  });

  it('lets no error of onFinding reach the app', async () => {
    const { app, watch } = await watched(new MemoryStore(), {
      onFinding: () => {
        throw new Error('of the callback');
      },
    });
    await app.overtake(
      await beginSession(app),
      (s) => (s.mine = 1),
      (s) => (s.other = 1),
    );
    await app.settle();
    expect(watch.counts.lost).toBe(1);
  });

  it('keeps a save before the logout that follows it', async () => {
    const calls: string[] = [];
    class RecordingStore extends MemoryStore {
      override set(sid: string, data: session.SessionData, callback?: Callback): void {
        calls.push('set');
        super.set(sid, data, callback);
      }
      override destroy(sid: string, callback?: Callback): void {
        calls.push('destroy');
        super.destroy(sid, callback);
      }
    }
    const { app } = await watched(new RecordingStore());
    const cookie = await beginSession(app);
    calls.length = 0;
    await app.visit(cookie, (s) => {
      s.mine = 1;
      s.save();
      s.destroy(() => {});
    });
    await app.settle();
    expect(calls).toEqual(['set', 'destroy']);
  });

  it('works with a store that has no touch, and adds none', async () => {
    const store = new MemoryStore();
    Object.defineProperty(store, 'touch', { value: undefined });
    const { app, watch } = await watched(store);
    await app.visit(await beginSession(app), (s) => (s.mine = 1));
    expect(store.touch).toBeUndefined();
    expect(watch.counts.checked).toBe(1);
  });

  it('leaves the load as it is, and gives all methods back', () => {
    const store = new MemoryStore();
    const before = Object.getOwnPropertyDescriptors(store);
    const watch = watchStore(store);
    expect(store.get).toBe(MemoryStore.prototype.get);
    expect(store.set).not.toBe(MemoryStore.prototype.set);
    watch.stop();
    expect(Object.getOwnPropertyDescriptors(store)).toEqual(before);
  });

  it('reads nothing for sessions outside the sample', async () => {
    let reads = 0;
    const { app, watch } = await watched(new MemoryStore(), { sample: 0, read: () => reads++ });
    await app.visit(await beginSession(app), (s) => (s.mine = 1));
    expect(reads).toBe(0);
    expect(watch.counts.checked).toBe(0);
  });

  it.each([{ sample: 2 }, { sample: Number.NaN }, { timeout: 0 }])('refuses %o', (options) => {
    expect(() => watchStore(new MemoryStore(), options)).toThrow(RaceConfigError);
  });
});

describe('WatchCounter', () => {
  it('keeps 1,000 names of keys and 24 hours', () => {
    vi.useFakeTimers();
    const counter = new WatchCounter();
    for (let number = 0; number < 1_100; number++) {
      vi.setSystemTime(number * 3_600_000);
      counter.count({ kind: 'lost', keys: [`key${number}`] });
    }
    vi.useRealTimers();
    const { lost, lostByKey, hours } = counter.counts;
    expect(lost).toBe(1_100);
    expect(Object.keys(lostByKey)).toHaveLength(1_001);
    expect(lostByKey['(other keys)']).toBe(100);
    expect(hours).toHaveLength(24);
  });
});

function save(live: LiveSession): Promise<void> {
  return new Promise((resolve, reject) => live.save((error) => (error ? reject(error as Error) : resolve())));
}
