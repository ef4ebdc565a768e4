import type { SessionData, Store } from 'express-session';
import { Fingerprinter, type Fingerprints } from './fingerprints.js';
import { overwrittenKeys } from './overwritten-keys.js';
import { PendingSaves } from './pending-saves.js';
import { WatchCounter, type WatchCounts, type WatchFinding } from './watch-counts.js';
import type { ReadSession, WatchOptions } from './watch-options.js';

/** The values that a request loaded. */
interface Base {
  readonly fingerprints: Fingerprints;
  /** In ms since 1970. Infinity if the session does not expire. */
  readonly expires: number;
}

type Callback = (error?: unknown) => void;

/** The methods that a watch replaces. */
const METHODS = ['createSession', 'set', 'touch', 'destroy'] as const;
type Method<Name extends (typeof METHODS)[number]> = NonNullable<Store[Name]>;

/**
 * Shadows methods of one store object. express-session passes `set` the object that `createSession` has made for the request, so the
 * object itself says which request saves, also if several requests load one session at the same time.
 */
export class StoreWatcher {
  /** Weak: an entry goes with the session object of its request. */
  readonly #bases = new WeakMap<object, Base>();
  readonly #fingerprinter = new Fingerprinter();
  readonly #pending = new PendingSaves();
  readonly #counter = new WatchCounter();
  readonly #ownMethods = new Map<string, PropertyDescriptor | undefined>();

  constructor(
    private readonly store: Store,
    private readonly options: Required<WatchOptions>,
  ) {
    this.#replace('createSession', (createSession) => (req, data) => {
      const base = this.#baseOf(data);
      const session = createSession.call(store, req, data);
      if (base && req.session) this.#bases.set(req.session, base);
      return session;
    });
    this.#replace(
      'set',
      (set) =>
        (...args) =>
          this.#set(set, ...args),
    );
    this.#replace('touch', (touch) => (...args) => {
      this.#pending.flush(args[0], args[1]);
      return touch.apply(store, args);
    });
    this.#replace('destroy', (destroy) => (...args) => {
      this.#pending.flush(args[0]);
      return destroy.apply(store, args);
    });
  }

  get counts(): WatchCounts {
    return this.#counter.counts;
  }

  stop(): void {
    for (const [name, own] of this.#ownMethods) {
      if (own) Object.defineProperty(this.store, name, own);
      else Reflect.deleteProperty(this.store, name);
    }
    this.#ownMethods.clear();
  }

  /** A method that the store does not have stays absent, because express-session asks which ones there are. */
  #replace<Name extends (typeof METHODS)[number]>(name: Name, wrap: (own: Method<Name>) => Method<Name>): void {
    const own = this.store[name] as Method<Name> | undefined;
    if (typeof own !== 'function') return;
    const value = wrap(own);
    this.#ownMethods.set(name, Object.getOwnPropertyDescriptor(this.store, name));
    Object.defineProperty(this.store, name, { configurable: true, enumerable: false, writable: true, value });
  }

  #baseOf(data: SessionData): Base | undefined {
    if (Math.random() >= this.options.sample) return undefined;
    return attempt(() => ({ fingerprints: this.#fingerprinter.of(data), expires: expiryOf(data) }));
  }

  #set(set: Store['set'], ...args: Parameters<Store['set']>): void {
    const [sid, session, callback] = args;
    this.#pending.flush(sid, session);
    const base = this.#bases.get(session);
    const next = base && (session as { id?: string }).id === sid ? attempt(() => this.#fingerprinter.of(session)) : undefined;
    // A caller without a callback may use the promise that some stores return.
    if (!base || !next || !callback) return set.apply(this.store, args);
    this.#readBefore(sid, session, (current) => {
      const finding = current === undefined ? undefined : attempt(() => this.#judge(base, current, next));
      const saved = once((error?: unknown) => this.#saved(sid, session, next, error, finding));
      let hasAnswered = false;
      // Several calls of the callback reach the app as the store makes them.
      const passOn: Callback = (error) => {
        hasAnswered = true;
        saved(error);
        callback(error);
      };
      try {
        set.call(this.store, sid, session, passOn);
      } catch (error) {
        // The caller has returned from `set`, so that only its callback can learn of the store's error.
        if (!hasAnswered) return passOn(error);
        process.nextTick(() => {
          throw error;
        });
      }
    });
  }

  /** Reads, and starts the save when the read has answered, failed or is late; `undefined` means that the state is unknown. */
  #readBefore(sid: string, session: object, save: (current: SessionData | null | undefined) => void): void {
    const start = once((current?: SessionData | null) => {
      clearTimeout(timer);
      this.#pending.remove(sid, entry);
      if (current === undefined) this.#counter.unjudged++;
      else this.#counter.checked++;
      save(current);
    });
    const timer = setTimeout(start, this.options.timeout, undefined);
    const entry = { session, start: () => start(undefined) };
    this.#pending.add(sid, entry);
    this.#read(sid, start);
  }

  /** Calls back with null for an absent session, and with undefined if the read fails. */
  #read(sid: string, answer: (current?: SessionData | null) => void): void {
    const answered: Parameters<ReadSession>[1] = (error, data) => answer(error && !isAbsence(error) ? undefined : (data ?? null));
    try {
      Promise.resolve(this.options.read(sid, answered)).catch(() => answer(undefined));
    } catch {
      answer(undefined);
    }
  }

  #judge(base: Base, current: SessionData | null, next: Fingerprints): WatchFinding | undefined {
    if (!current) return base.expires <= Date.now() ? undefined : { kind: 'resurrected', keys: [...next.keys()] };
    const keys = overwrittenKeys(base.fingerprints, this.#fingerprinter.of(current), next);
    return keys.length > 0 ? { kind: 'lost', keys } : undefined;
  }

  #saved(sid: string, session: SessionData, next: Fingerprints, error: unknown, finding: WatchFinding | undefined): void {
    // After an error it is unknown what the store has.
    if (error) return void this.#bases.delete(session);
    this.#bases.set(session, { fingerprints: next, expires: attempt(() => expiryOf(session)) ?? Infinity });
    if (finding)
      this.#read(
        sid,
        once((after?: SessionData | null) => attempt(() => this.#confirm(finding, next, after))),
      );
  }

  /** A store that merges, or that saves no ended session, keeps what the save seemed to undo. */
  #confirm({ kind, keys }: WatchFinding, next: Fingerprints, after: SessionData | null | undefined): void {
    if (!after) return;
    const stored = this.#fingerprinter.of(after);
    const undone = kind === 'resurrected' ? keys : keys.filter((key) => stored.get(key) === next.get(key));
    if (kind === 'lost' && undone.length === 0) return;
    const finding = { kind, keys: undone };
    this.#counter.count(finding);
    void Promise.resolve(finding)
      .then(this.options.onFinding)
      .catch(() => {});
  }
}

/** express-session takes this error of a store for an absent session. */
function isAbsence(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ENOENT';
}

function expiryOf({ cookie }: SessionData): number {
  return cookie.expires ? new Date(cookie.expires).getTime() : Infinity;
}

/** An error of the watch never reaches the app. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function once<T>(work: (given?: T) => void): (given?: T) => void {
  let isDone = false;
  return (given) => {
    if (isDone) return;
    isDone = true;
    work(given);
  };
}
