import { inspect } from 'node:util';
import type { Request } from 'express';
import type { Session } from 'express-session';
import fc from 'fast-check';
import { vi } from 'vitest';
import { LongMember } from '../../src/codec/long-member.js';
import { deferredMember } from '../../src/codec/deferred-member.js';
import { MemberScanner, type ScanLimits } from '../../src/codec/member-scanner.js';
import { SessionCodec, type SessionValues } from '../../src/codec/session.codec.js';
import { SessionMerger } from '../../src/commit/session-merger.js';
import { SessionUnreadableError, SmartSessionStore, append } from '../../src/index.js';
import { LiveChanges } from '../../src/live/live-changes.js';
import { LiveSessions } from '../../src/live/live-sessions.js';
import type { EncodedValues } from '../../src/merge/encoded-values.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { SessionRecord } from '../../src/records/session-record.js';
import { storedRecord } from '../support/records.js';

const options = new SmartSessionOptions({ secret: 'x', merge: { a: append() } });
const TIME = { remaining: 5000, longest: 9000 };

/** Reads records in one of the two ways. */
class Way extends SessionCodec {
  protected override readonly scanner: MemberScanner;
  readonly liveSessions = new LiveSessions(this, options);
  readonly merger = new SessionMerger(this, options);
  readonly changes = new LiveChanges(this, this.merger, options);
  readonly #store = new SmartSessionStore({ states: { serve: () => {} } } as never, this.liveSessions, undefined as never);

  constructor(limits: ScanLimits) {
    super(options);
    this.scanner = new MemberScanner(limits);
  }

  record(text: string, version: number): SessionRecord {
    const row = storedRecord({}, { data: text, version, commitId: `commit ${version}` });
    return SessionRecord.read(this, row, text);
  }

  /** Makes the live session of a request, as express-session does. */
  session(record: SessionRecord): Session & SessionValues {
    const request = { sessionID: 'id', sessionStore: this.#store, headers: {} } as unknown as Request;
    const data = this.liveSessions.open('key', record, TIME);
    return this.#store.createSession(request, data) as unknown as Session & SessionValues;
  }

  /** Applies the changes of a session to the current record, and returns the text that a commit stores. */
  commit(session: object, current: SessionRecord): { record: SessionRecord; values: EncodedValues } {
    const live = this.liveSessions.find(session)!;
    const then = this.changes.snapshot(session, live);
    const values = this.changes.editOf(then, live)?.apply(current.values) ?? current.values;
    const record = SessionRecord.committed(this, { version: 9, commitId: 'mine', maxAge: null }, values, current);
    this.changes.applyOutcome(session, live, then, { kind: 'committed', record } as never, false);
    return { record, values };
  }
}

const lazy = new Way({ shortestText: 0, longestText: Infinity, shortestMember: 8 });
const eager = new Way({ shortestText: Infinity, longestText: 0, shortestMember: Infinity });

const TEXT = '{"cart":[1,2,3,4],"n":1}';

const KEYS = ['a', 'b', 'c', 'd', 'note', '7', 'häufig'];
const key = fc.constantFrom(...KEYS);
const value = fc.oneof(
  fc.array(fc.record({ id: fc.nat(9), name: fc.string({ unit: 'binary', maxLength: 9 }) }), { maxLength: 4 }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const stored = fc.dictionary(key, value).map((values) => JSON.stringify(values));

type Action = (session: any, key: string, value: unknown) => unknown;

const ACTIONS: Record<string, Action> = {
  read: (session, name) => session[name],
  set: (session, name, given) => void (session[name] = given),
  delete: (session, name) => delete session[name],
  push: (session, name, given) => Array.isArray(session[name]) && session[name].push(given),
  pop: (session, name) => Array.isArray(session[name]) && session[name].pop(),
  replaceItem: (session, name, given) => Array.isArray(session[name]) && session[name].splice(0, 1, given),
  setSame: (session, name) => void Object.assign(session, { [name]: session[name] }),
  setEqual: (session, name) => void (session[name] = session[name] && structuredClone(session[name])),
  setDate: (session, name) => void (session[name] = new Date(0)),
  setHole: (session, name) => void (session[name] = [1, , 2]), // eslint-disable-line no-sparse-arrays
  setUndefined: (session, name) => void (session[name] = undefined),
  setFunction: (session, name) => void (session[name] = { f: () => 1 }),
  setGetter: (session, name, given) =>
    void Object.defineProperty(session, name, { get: () => given, set: undefined, enumerable: true, configurable: true }),
  addMember: (session, name, given) => typeof session[name] === 'object' && session[name] && (session[name].added = given),
  has: (session, name) => name in session,
  keys: (session) => Object.keys(session),
  entries: (session) => Object.entries(session).filter(([name]) => name !== 'cookie'),
  names: (session) => {
    const names = [];
    for (const name in session) names.push(name);
    return names;
  },
  toJson: (session) => JSON.stringify({ ...session, cookie: undefined }),
  whole: (session) => Object.keys(JSON.parse(JSON.stringify(session))),
  assignFrom: (session) => Object.assign({}, session, { cookie: undefined }),
  assignTo: (session, name, given) => void Object.assign(session, { [name]: given }),
  clone: (session) => structuredClone({ ...session, cookie: undefined }),
  move: (session, name) => {
    session.moved = session[name];
    delete session[name];
  },
  freeze: (session) => void Object.freeze(session),
  seal: (session) => void Object.seal(session),
  preventExtensions: (session) => void Object.preventExtensions(session),
};
const actions = fc.array(fc.tuple(fc.constantFrom(...Object.keys(ACTIONS)), key, value), { maxLength: 5 });

type Actions = readonly (readonly [name: string, key: string, value: unknown])[];

/** Returns the result of an action, or the class of its error. */
function outcome(work: () => unknown): unknown {
  try {
    return inspect(work(), { depth: 20, breakLength: Infinity });
  } catch (error) {
    return `throws ${(error as Error).name}`;
  }
}

const act = (session: object, all: Actions) =>
  all.map(([name, on, given]) => outcome(() => ACTIONS[name]!(session, on, structuredClone(given))));

const all = (values: EncodedValues) => Array.from(values.keys(), (name) => [name, values.get(name)]);

/** Everything that can be seen of a request: its own view, what it changed, the stored text, and its session after the commit. */
function run(way: Way, text: string, othersText: string, first: Actions, second: Actions, isMoved: boolean) {
  const base = way.record(text, 1);
  const current = isMoved ? way.record(othersText, 2) : base;
  const session = way.session(base);
  const live = way.liveSessions.find(session)!;
  return {
    seen: act(session, first),
    isUntouched: way.changes.isUntouched(session, live),
    unsaved: outcome(() => way.changes.unsavedKeys(session)),
    committed: outcome(() => {
      const { record, values } = way.commit(session, current);
      return { text: record.text, values: all(values), reread: all(way.record(record.text, 9).values) };
    }),
    seenAfter: act(session, second),
    isUntouchedAfter: way.changes.isUntouched(session, live),
    committedAgain: outcome(() => way.commit(session, live.record!).record.text),
    refreshed: outcome(() => way.changes.refresh(session, live, way.record(othersText, 10), TIME)),
    isUntouchedAtEnd: way.changes.isUntouched(session, live),
    unsavedAtEnd: outcome(() => way.changes.unsavedKeys(session)),
    atEnd: outcome(() => JSON.stringify({ ...session, cookie: undefined })),
  };
}

afterEach(() => void vi.restoreAllMocks());

describe('a large session', () => {
  it('behaves like one that is parsed whole', { timeout: 60_000 }, () => {
    let deferred = 0;
    fc.assert(
      fc.property(stored, stored, actions, actions, fc.boolean(), (...[text, others, first, second, isMoved]) => {
        if (lazy.record(text, 1).isDeferred) deferred++;
        expect(run(lazy, text, others, first, second, isMoved)).toEqual(run(eager, text, others, first, second, isMoved));
      }),
      { numRuns: process.env.EXPLORE === 'long' ? 100_000 : 1500 },
    );
    expect(deferred).toBeGreaterThan(500);
  });

  it('parses no long member that is not read', () => {
    const parses = vi.spyOn(LongMember.prototype, 'value', 'get');
    const base = lazy.record(TEXT, 1);
    const session = lazy.session(base);
    expect(session.n).toBe(1);
    expect(lazy.changes.isUntouched(session, lazy.liveSessions.find(session)!)).toBe(true);
    session.n = 2;
    const others = lazy.record(TEXT.replace('"n":1', '"n":1,"theirs":1'), 2);
    expect(lazy.commit(session, others).record.text).toBe(TEXT.replace('"n":1', '"n":2,"theirs":1'));
    expect(session).toMatchObject({ n: 2, theirs: 1 });
    expect(parses).not.toHaveBeenCalled();
    expect(deferredMember(session, 'cart')).toBeDefined();
    expect(session.cart).toEqual([1, 2, 3, 4]);
    expect(parses).toHaveBeenCalled();
  });

  it('shows its other keys and keeps the text of a member that is no JSON', () => {
    const text = TEXT.replace('[1,2', '[NaN,2');
    const session = lazy.session(lazy.record(text, 1));
    expect(() => session.cart).toThrow(SessionUnreadableError);
    expect(() => JSON.stringify(session)).toThrow(SessionUnreadableError);
    session.n = 2;
    expect(lazy.commit(session, lazy.record(text, 1)).record.text).toBe(text.replace('"n":1', '"n":2'));
    session.cart = [];
    expect(() => lazy.commit(session, lazy.record(text, 1))).toThrow(SessionUnreadableError);
  });

  it('is changed by the unread member of another session', () => {
    const base = lazy.record(TEXT, 1);
    const session = lazy.session(base);
    const other = lazy.session(lazy.record(TEXT.replace('[1', '[9'), 1));
    Object.defineProperty(session, 'cart', Object.getOwnPropertyDescriptor(other, 'cart')!);
    expect(lazy.changes.isUntouched(session, lazy.liveSessions.find(session)!)).toBe(false);
    expect(lazy.commit(session, base).record.text).toBe(TEXT.replace('[1', '[9'));
  });

  it('with a value of `rich` is read whole', () => {
    const rich = new SessionCodec(new SmartSessionOptions({ secret: 'x', serializer: 'rich' }));
    const text = rich.join(rich.encodeValues({ seen: new Set(['some value', 'another']) }));
    expect(lazy.session(lazy.record(text, 1)).seen).toEqual(new Set(['some value', 'another']));
  });
});
