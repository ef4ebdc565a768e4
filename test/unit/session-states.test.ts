import type { Request } from 'express';
import expressSession from 'express-session';
import { SessionNotSerializableError, SessionReadOnlyError, type SmartSessionModuleOptions } from '../../src/index.js';
import type { SessionDestroyer } from '../../src/ending/session-destroyer.js';
import { HeldValues } from '../../src/live/held-values.js';
import type { LiveSession } from '../../src/live/live-session.js';
import type { LiveSessions } from '../../src/live/live-sessions.js';
import { SessionStates } from '../../src/protocol/session-states.js';
import type { FaultyRepository } from '../support/faulty-repository.js';
import { sessionRecord } from '../support/records.js';
import { serviceOver } from '../support/service-over.js';

type Live = Record<string, any>;

let states: SessionStates;
let lives: LiveSessions;
let destroyer: SessionDestroyer;

beforeEach(() => setUp());

function setUp(given: SmartSessionModuleOptions = {}): void {
  // No state needs a statement.
  const services = serviceOver({ isBlocking: false } as FaultyRepository, { hashIds: false, ...given });
  lives = services.live;
  destroyer = services.destroyer;
  states = services.get(SessionStates);
}

/** Returns a session that a request has loaded. */
function loaded(values: Live = { n: 1 }, maxAge: number | null = null, remaining = 24 * 3_600_000): Live {
  return lives.open('key', sessionRecord(values, { version: 1, commitId: 'loaded', maxAge }), { remaining });
}

/** Returns a session that was never stored. */
function fresh(values: Live = {}, parts: Live = {}): Live {
  const prototype = { id: 'new', ...parts };
  return Object.assign(Object.create(prototype) as Live, { cookie: new expressSession.Cookie(), ...values });
}

const stateOf = (session: object): LiveSession => lives.of(session);

describe('the store of a request', () => {
  it('is served if it was taken as such', () => {
    const [own, other] = [{}, {}];
    states.serve(own);
    expect(states.isServing({ sessionStore: own } as Request)).toBe(true);
    expect(states.isServing({ sessionStore: other } as Request)).toBe(false);
  });
});

describe('the policy of a session', () => {
  const policy = { keepsExpiry: true, isReadOnly: true };

  it('is to allow everything, unless another is set', () => {
    const session = fresh();
    expect(states.policyOf(session)).toEqual({ keepsExpiry: false, isReadOnly: false });
    expect(lives.find(session)).toBeUndefined();
    states.setPolicy(session, policy);
    expect(states.policyOf(session)).toBe(policy);
    expect(stateOf(session).isRegenerated).toBe(false);
  });

  it('goes over to the session that a regenerate makes', () => {
    const session = fresh();
    states.succeed(session, policy);
    expect(states.policyOf(session)).toBe(policy);
    expect(stateOf(session).isRegenerated).toBe(true);
  });
});

describe('the changes of a session', () => {
  it('are none if it is as it was loaded', () => {
    const session = loaded();
    expect(states.hasChanges(session)).toBe(false);
    expect(states.isUntouched(session)).toBe(true);
    expect(states.isSettled(session)).toBe(true);
    expect(states.unsavedKeys(session)).toEqual([]);
  });

  it.each<[string, (session: Live) => unknown, string[]]>([
    ['a value was set', (session) => (session.n = 2), ['n']],
    ['a value was deleted', (session) => delete session.n, ['n']],
    ['the max age was set', (session) => (session.cookie.originalMaxAge = 5000), ['cookie.maxAge']],
  ])('are there if %s', (_name, change, keys) => {
    const session = loaded();
    change(session);
    expect(states.hasChanges(session)).toBe(true);
    expect(states.isUntouched(session)).toBe(false);
    expect(states.isSettled(session)).toBe(false);
    expect(states.unsavedKeys(session)).toEqual(keys);
  });

  it('are none of a new session without values', () => {
    expect(states.hasChanges(fresh())).toBe(false);
    expect(states.isUntouched(fresh())).toBe(true);
    expect(states.unsavedKeys(fresh())).toEqual([]);
    expect(states.hasChanges(fresh({ n: 1 }))).toBe(true);
    expect(states.isUntouched(fresh({ n: 1 }))).toBe(false);
    expect(states.unsavedKeys(fresh({ n: 1 }))).toEqual(['n']);
  });

  it.each<[string, (live: LiveSession) => unknown]>([
    ['no commit is allowed any more', (live) => (live.abandoned = new Error('no'))],
    ['the session is gone', (live) => (live.state = 'gone')],
    ['its lock has ended before its handler', (live) => (live.lease = { id: 'lease', isClosed: true })],
  ])('count for nothing if %s', (_name, set) => {
    const session = loaded();
    session.n = 2;
    set(stateOf(session));
    expect(states.hasChanges(session)).toBe(false);
  });

  it('count for nothing if the session was destroyed before it was stored', () => {
    const session = fresh({ n: 1 });
    expect(stateOf(session).state).toBe('new');
    destroyer.ended.begin('new');
    expect(states.hasChanges(session)).toBe(false);
    expect(stateOf(session).state).toBe('gone');
  });

  it('may be there while a commit runs, also if the lock has ended', () => {
    const session = loaded();
    Object.assign(stateOf(session), { committing: Promise.resolve(), lease: { id: 'lease', isClosed: true } });
    expect(states.hasChanges(session)).toBe(true);
    expect(states.isUntouched(session)).toBe(false);
  });

  it('are not settled if a commit has failed, even if there are none', () => {
    const session = loaded();
    stateOf(session).abandoned = new Error('no');
    expect(states.hasChanges(session)).toBe(false);
    expect(states.isUntouched(session)).toBe(false);
    expect(states.isSettled(session)).toBe(false);
  });

  it('are refused if the session is read-only, and are not settled', () => {
    const session = loaded();
    states.setPolicy(session, { keepsExpiry: false, isReadOnly: true });
    expect(states.hasChanges(session)).toBe(false);
    session.n = 2;
    expect(() => states.hasChanges(session)).toThrow(SessionReadOnlyError);
    expect(states.isSettled(session)).toBe(false);
  });

  it('are refused if the session has lost its cookie, even without a change of a value', () => {
    const session = loaded();
    session.cookie = {};
    Object.defineProperty(session, 'req', { value: {} });
    expect(states.isUntouched(session)).toBe(false);
    expect(() => states.hasChanges(session)).toThrow(SessionNotSerializableError);
    expect(states.isSettled(session)).toBe(false);
    expect(states.isUntouched(fresh({ cookie: {} }, { req: {} }))).toBe(false);
  });
});

describe('a value that differs each time', () => {
  /** Returns a session with a value whose text differs each time, and what is held of its commits. */
  function ticking() {
    let ticks = 0;
    const session = loaded();
    session.clock = { toJSON: () => ++ticks };
    return { session, held: new HeldValues() };
  }

  it('is a change until a commit has stored it', () => {
    const { session, held } = ticking();
    expect(states.hasChanges(session)).toBe(true);
    expect(states.hasChanges(session, held)).toBe(true);
    held.note(session, ['clock']);
    expect(states.hasChanges(session, held)).toBe(false);
    expect(states.isSettled(session, held)).toBe(true);
    expect(states.hasChanges(session)).toBe(true);
  });

  it('does not hide another change', () => {
    const { session, held } = ticking();
    held.note(session, ['clock']);
    session.n = 2;
    expect(states.hasChanges(session, held)).toBe(true);
  });

  it('does not hide another max age', () => {
    const { session, held } = ticking();
    held.note(session, ['clock']);
    session.cookie.originalMaxAge = 5000;
    expect(states.hasChanges(session, held)).toBe(true);
  });

  it('is a change if it was replaced after the commit', () => {
    const session = loaded();
    const held = new HeldValues();
    session.n = { value: 2 };
    held.note(session, ['n']);
    expect(states.hasChanges(session, held)).toBe(true);
    session.n = { value: 3 };
    expect(states.hasChanges(session, held)).toBe(true);
  });
});

describe('an attribute of the cookie', () => {
  it('is a change, even if a commit has stored it while the response was held', () => {
    const session = fresh({ n: 1 }, { touch: () => {}, req: { headers: {} } });
    const live = stateOf(session);
    live.moveTo(sessionRecord({ n: 1 }), Infinity);
    live.isCookieOurs = true;
    session.cookie = Object.assign(new expressSession.Cookie(), { path: '/other' });
    const held = new HeldValues();
    for (let n = 0; n < 3; n++) held.note(session, ['cookie']);
    expect(states.hasChanges(session, held)).toBe(true);
  });
});

describe('the end of a session', () => {
  it('forbids further commits for the first reason', () => {
    const session = loaded();
    expect(states.failureOf(session)).toBeUndefined();
    const [first, second] = [new Error('first'), new Error('second')];
    states.abandon(session, first);
    states.abandon(session, second);
    expect(states.failureOf(session)).toBe(first);
    expect(states.failureOf({})).toBeUndefined();
  });

  it('is known if a commit has found it, or this process has destroyed it', () => {
    const session = loaded();
    expect(states.isGone(session)).toBe(false);
    expect(states.isGone({})).toBe(false);
    stateOf(session).state = 'gone';
    expect(states.isGone(session)).toBe(true);
    const other = loaded();
    destroyer.ended.begin('key');
    expect(states.isGone(other)).toBe(false);
    destroyer.ended.conclude('key', true);
    expect(states.isGone(other)).toBe(true);
  });

  it('comes before that of the handler if its lock is closed', () => {
    const session = loaded();
    expect(states.isClosed(session)).toBe(false);
    expect(states.isClosed({})).toBe(false);
    stateOf(session).lease = { id: 'lease', isClosed: true };
    expect(states.isClosed(session)).toBe(true);
  });

  it('is not its start: only a session with a record is stored', () => {
    expect(states.isStored(loaded())).toBe(true);
    expect(states.isStored(fresh())).toBe(false);
    const session = fresh();
    stateOf(session);
    expect(states.isStored(session)).toBe(false);
  });
});

describe('the hash of express-session', () => {
  it('sees no values, only whether the session has moved', () => {
    const session = loaded();
    states.setPolicy(session, { keepsExpiry: false, isReadOnly: false });
    lives.adopt(session, loaded());
    states.beginHash(session, false);
    expect(JSON.stringify(session)).toBe('{}');
    stateOf(session).hasMoved = true;
    expect(JSON.stringify(session)).toBe('"changed"');
    states.endHash(session);
    expect(JSON.parse(JSON.stringify(session))).toMatchObject({ n: 1 });
  });

  it('makes a state for a new session with values, and for no other', () => {
    const [empty, full] = [fresh(), fresh({ n: 1 })];
    for (const session of [empty, full]) states.beginHash(session, true);
    expect(lives.find(empty)).toBeUndefined();
    expect(JSON.stringify(full)).toBe('{}');
    states.endHash(empty);
    states.endHash(full);
    expect(JSON.parse(JSON.stringify(full))).toMatchObject({ n: 1 });
  });

  it.each<[string, boolean, () => Live, boolean]>([
    ['has a max age and is due for a touch', true, () => loaded({}, 3_600_000, 1000), true],
    ['has a max age and was extended', true, () => extended(loaded({}, 3_600_000, 3_600_000)), true],
    ['has a max age and is not due', true, () => loaded({}, 3_600_000, 3_600_000), false],
    ['ends with the browser', true, () => extended(loaded({}, null, 1000)), false],
    ['is due, when no head is written', false, () => loaded({}, 3_600_000, 1000), false],
  ])('sees whether a head renews the cookie of a session that %s', (_name, isHead, make, expected) => {
    const session = make();
    states.beginHash(session, isHead);
    expect(stateOf(session).renewsCookie).toBe(expected);
  });

  function extended(session: Live): Live {
    stateOf(session).isExtended = true;
    return session;
  }
});
