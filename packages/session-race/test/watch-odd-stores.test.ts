import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import session from 'express-session';
import { watchStore, type StoreWatch, type WatchOptions } from '../src/index.js';
import { beginSession, HandlerApp, logOut, type LiveSession } from './handler-app.js';

type Callback = (error?: unknown, data?: session.SessionData | null) => void;
const { MemoryStore } = session;

let running: HandlerApp | undefined;
afterEach(() => running?.stop());

async function watched(store: session.Store, options?: WatchOptions): Promise<{ app: HandlerApp; watch: StoreWatch }> {
  const watch = watchStore(store, options);
  running = await HandlerApp.start(store);
  return { app: running, watch };
}

/** Keeps the session objects themselves, so that all requests get one and the same from `get`. */
class SharingStore extends session.Store {
  readonly sessions = new Map<string, session.SessionData>();

  get(sid: string, callback: Callback): void {
    setImmediate(callback, undefined, this.sessions.get(sid));
  }
  set(sid: string, data: session.SessionData, callback?: Callback): void {
    this.sessions.set(sid, data);
    setImmediate(() => callback?.());
  }
  destroy(sid: string, callback?: Callback): void {
    this.sessions.delete(sid);
    setImmediate(() => callback?.());
  }
}

describe('watchStore, with an odd store,', () => {
  it('works if get returns the same object each time', async () => {
    const { app, watch } = await watched(new SharingStore());
    const cookie = await beginSession(app);
    await app.overtake(
      cookie,
      (s) => (s.mine = 1),
      (s) => (s.other = 1),
    );
    await app.settle();
    let seen: object = {};
    await app.visit(cookie, (s) => (seen = { ...s }));
    expect(seen).toMatchObject({ kept: 1, mine: 1 });
    expect(seen).not.toHaveProperty('other');
    expect(watch.counts).toMatchObject({ lost: 1, lostByKey: { other: 1 }, resurrected: 0 });
  });

  it('adds no method that the store does not have', async () => {
    const store = new SharingStore();
    for (const name of ['destroy', 'createSession'] as const) Object.defineProperty(store, name, { value: undefined });
    const watch = watchStore(store);
    expect([store.touch, store.destroy, store.createSession]).toEqual([undefined, undefined, undefined]);
    await new Promise((resolve) => store.set('a', { cookie: new session.Cookie() }, resolve));
    expect(store.sessions.has('a')).toBe(true);
    watch.stop();
  });

  it('counts nothing when a handler regenerates the session, and keeps what it then sets', async () => {
    const { app, watch } = await watched(new MemoryStore());
    const cookie = await beginSession(app);
    const after = await app.visit(cookie, async (s) => {
      s.mine = 1;
      (await regenerated(s)).user = 'ada';
    });
    await app.settle();
    expect(after.cookie).not.toBe(cookie);
    let seen: unknown;
    await app.visit(after.cookie, (s) => (seen = s.user));
    expect(seen).toBe('ada');
    expect(watch.counts).toMatchObject({ lost: 0, resurrected: 0 });
  });

  it('counts a session that comes back after another request has regenerated it', async () => {
    const { app, watch } = await watched(new MemoryStore());
    await app.overtake(await beginSession(app), (s) => (s.mine = 1), regenerated);
    await app.settle();
    expect(watch.counts).toMatchObject({ lost: 0, resurrected: 1 });
  });

  it('keeps each of several saves at once', async () => {
    const { app, watch } = await watched(new MemoryStore());
    const cookie = await beginSession(app);
    await app.visit(cookie, async (s) => {
      const saves = ['a', 'b', 'c'].map((key) => ((s[key] = 1), saved(s)));
      await Promise.all(saves);
    });
    let seen: object = {};
    await app.visit(cookie, (s) => (seen = { ...s }));
    expect(seen).toMatchObject({ a: 1, b: 1, c: 1 });
    expect(watch.counts).toMatchObject({ lost: 0, resurrected: 0 });
  });

  it('judges a save once if get calls back twice', async () => {
    class RepeatingStore extends MemoryStore {
      isRepeating = false;
      override get(sid: string, callback: Callback): void {
        super.get(sid, (error, data) => {
          callback(error, data);
          if (this.isRepeating) callback(error, data);
        });
      }
    }
    const store = new RepeatingStore();
    const { app, watch } = await watched(store);
    const slow = await app.begin(await beginSession(app), (s) => (s.mine = 1));
    store.isRepeating = true;
    await slow.finish();
    await app.settle();
    expect(watch.counts).toMatchObject({ checked: 1, lost: 0 });
  });

  it('passes on an error of get, touch and destroy', async () => {
    class BrokenStore extends MemoryStore {
      isBroken = false;
      override get(sid: string, callback: Callback): void {
        if (this.isBroken) return void setImmediate(callback, new Error('get'));
        super.get(sid, callback);
      }
      override touch(sid: string, data: session.SessionData, callback?: () => void): void {
        if (this.isBroken) throw new Error('touch');
        super.touch(sid, data, callback);
      }
      override destroy(sid: string, callback?: Callback): void {
        if (this.isBroken) return void setImmediate(() => callback?.(new Error('destroy')));
        super.destroy(sid, callback);
      }
    }
    const store = new BrokenStore();
    const { app, watch } = await watched(store);
    const cookie = await beginSession(app);
    store.isBroken = true;
    expect(await app.visit(cookie, () => {})).toMatchObject({ status: 500 });
    store.isBroken = false;
    const leaving = await app.begin(cookie, (s) => {
      store.isBroken = true;
      return logOut(s);
    });
    expect(await leaving.finish()).toMatchObject({ status: 500 });
    expect(() => store.touch('none', { cookie: new session.Cookie() })).toThrow('touch');
    store.isBroken = false;
    // The save still works when its read fails.
    const slow = await app.begin(cookie, (s) => {
      s.mine = 1;
      store.isBroken = true;
    });
    expect(await slow.finish()).toMatchObject({ status: 200 });
    store.isBroken = false;
    let seen: unknown;
    await app.visit(cookie, (s) => (seen = s.mine));
    expect(seen).toBe(1);
    expect(watch.counts).toMatchObject({ unjudged: 1, lost: 0 });
  });

  it('leaves a save without a callback to the store, with what the store returns', async () => {
    class PromisingStore extends MemoryStore {
      override set(sid: string, data: session.SessionData, callback?: Callback): Promise<string> {
        return new Promise((resolve) => super.set(sid, data, () => (callback?.(), resolve('stored'))));
      }
    }
    const store = new PromisingStore();
    const { app } = await watched(store);
    let returned: unknown;
    await app.visit(await beginSession(app), async (s) => (returned = await store.set(s.id, s)));
    expect(returned).toBe('stored');
  });

  it('finishes a waiting save after stop()', async () => {
    const reads: (() => void)[] = [];
    const store = new MemoryStore();
    const arrived = Promise.withResolvers<void>();
    const read: WatchOptions['read'] = (sid, callback) => {
      reads.push(() => store.get(sid, callback));
      arrived.resolve();
    };
    const { app, watch } = await watched(store, { read });
    const cookie = await beginSession(app);
    const saving = app.visit(cookie, (s) => (s.mine = 1));
    await arrived.promise;
    watch.stop();
    for (const answer of reads) answer();
    await saving;
    let seen: unknown;
    await app.visit(cookie, (s) => (seen = s.mine));
    expect(seen).toBe(1);
  });
});

describe('the memory of a watch', () => {
  it('keeps no session of a request that never ends, nor of a save whose read never answers', async () => {
    const store = new MemoryStore();
    const timeout = 10;
    watchStore(store, { read: () => {}, timeout });
    const kept: WeakRef<object>[] = [];
    for (let n = 0; n < 50; n++) kept.push(new WeakRef(loadAndForget(store)));
    await Promise.all(Array.from({ length: 50 }, () => loadAndSave(store, kept)));
    expect(kept).toHaveLength(100);
    // The event loop may still hold some of the objects at first.
    await vi.waitFor(() => {
      collectGarbage();
      expect(kept.filter((reference) => reference.deref() !== undefined)).toEqual([]);
    });
  });
});

/** Loads a session as express-session does, for a request that then hangs. */
function loadAndForget(store: session.Store): object {
  const request = { sessionID: 'a', sessionStore: store };
  return store.createSession(request as never, { cookie: new session.Cookie(), user: 1 } as session.SessionData);
}

function loadAndSave(store: session.Store, kept: WeakRef<object>[]): Promise<void> {
  const live = loadAndForget(store) as LiveSession;
  kept.push(new WeakRef(live));
  return new Promise((resolve) => store.set('a', live, () => resolve()));
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function saved(live: LiveSession): Promise<void> {
  return new Promise((resolve, reject) => live.save((error) => (error ? reject(error as Error) : resolve())));
}

/** Returns the new session. */
async function regenerated(live: LiveSession): Promise<LiveSession> {
  const { req } = live as unknown as { req: { session: LiveSession } };
  await new Promise<void>((resolve, reject) => live.regenerate((error) => (error ? reject(error as Error) : resolve())));
  return req.session;
}
