import { Logger } from '@nestjs/common';
import { vi } from 'vitest';
import expressSession from 'express-session';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { SessionMerger } from '../../src/commit/session-merger.js';
import { SessionReadOnlyError } from '../../src/index.js';
import { LiveChanges } from '../../src/live/live-changes.js';
import { LiveSession } from '../../src/live/live-session.js';
import { LiveSessionField } from '../../src/live/live-session-field.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { decoded, encoded, sessionRecord } from '../support/records.js';

type Live = Record<string, any> & { cookie: expressSession.Cookie };

const options = new SmartSessionOptions({
  secret: 'x',
  ttl: 100_000,
  touchAfter: 0,
  merge: { sum: ({ base = 0, theirs = 0, mine = 0 }) => theirs + mine - base },
});
const codec = new SessionCodec(options);
const changes = new LiveChanges(codec, new SessionMerger(codec, options), options);

/** Returns a session that a request has loaded with these values, and its state. */
function loaded(values: object, maxAge: number | null = null) {
  const session: Live = Object.assign(created(values), {});
  if (maxAge !== null) session.cookie.maxAge = maxAge;
  const live = new LiveSession('key');
  live.moveTo(sessionRecord({ ...values }, { maxAge, version: 1, commitId: 'loaded' }), Infinity);
  LiveSessionField.set(session, live);
  return { session, live };
}

function created(values: object): Live {
  return { cookie: new expressSession.Cookie(), ...structuredClone(values) };
}

const editOf = (session: Live, live: LiveSession) => changes.editOf(changes.snapshot(session, live), live);

beforeEach(() => void vi.spyOn(Logger.prototype, 'debug').mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

describe('the edit of a request', () => {
  it('is none if nothing has changed', () => {
    const { session, live } = loaded({ n: 1 }, 5000);
    expect(changes.isUntouched(session, live)).toBe(true);
    expect(editOf(session, live)).toBeUndefined();
    expect(changes.unsavedKeys(session)).toEqual([]);
  });

  it('is none for a new session without values', () => {
    expect(changes.editOf(changes.snapshot(created({})))).toBeUndefined();
    expect(changes.isUntouched(created({}), new LiveSession('key'))).toBe(false);
  });

  it('inserts the values and the max age of a new session', () => {
    const session = created({ n: 1 });
    session.cookie.maxAge = 5000;
    const edit = changes.editOf(changes.snapshot(session))!;
    expect(decoded(edit.apply(new Map()))).toEqual({ n: 1 });
    expect(edit.maxAge).toBe(5000);
  });

  it('changes only the keys that the request has changed, and merges by the rules', () => {
    const { session, live } = loaded({ set: 1, deleted: 1, theirs: 1, sum: 10 });
    session.set = 2;
    delete session.deleted;
    session.sum = 11;
    expect(changes.isUntouched(session, live)).toBe(false);
    expect(changes.unsavedKeys(session)).toEqual(expect.arrayContaining(['set', 'deleted', 'sum']));
    const edit = editOf(session, live)!;
    expect(decoded(edit.apply(encoded({ set: 1, deleted: 1, theirs: 5, sum: 20 })))).toEqual({ set: 2, theirs: 5, sum: 21 });
    expect(edit).not.toHaveProperty('maxAge');
  });

  it('has the max age that the handler has chosen', () => {
    const { session, live } = loaded({ n: 1 });
    session.cookie.maxAge = 5000;
    expect(changes.isUntouched(session, live)).toBe(false);
    expect(editOf(session, live)!.maxAge).toBe(5000);
    expect(changes.unsavedKeys(session)).toEqual(['cookie.maxAge']);
  });

  it('has the lease and the policy of the request', () => {
    const { session, live } = loaded({});
    live.lease = { id: 'lease', isClosed: false };
    live.policy = { keepsExpiry: true, isReadOnly: false };
    session.n = 1;
    expect(editOf(session, live)).toMatchObject({ leaseId: 'lease', keepsExpiry: true });
  });

  it('is refused for a read-only session, with the changed keys', () => {
    const { session, live } = loaded({});
    live.policy = { keepsExpiry: false, isReadOnly: true };
    expect(editOf(session, live)).toBeUndefined();
    session.n = 1;
    session.cookie.maxAge = 5000;
    let error: unknown;
    try {
      editOf(session, live);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SessionReadOnlyError);
    expect((error as SessionReadOnlyError).keys).toEqual(['n', 'cookie.maxAge']);
  });
});

describe('the unsaved keys', () => {
  it.each<[string, (live: LiveSession) => unknown]>([
    ['is gone', (live) => (live.state = 'gone')],
    ['was abandoned', (live) => (live.abandoned = new Error('no'))],
    ['is being committed', (live) => (live.committing = Promise.resolve())],
  ])('are none of a session that %s', (_name, set) => {
    const { session, live } = loaded({});
    session.n = 1;
    expect(changes.unsavedKeys(session)).toEqual(['n']);
    set(live);
    expect(changes.unsavedKeys(session)).toEqual([]);
  });
});

describe('the outcome of a commit', () => {
  it('shows the session what others have stored, and becomes the base', () => {
    const { session, live } = loaded({ n: 1 });
    session.mine = 1;
    const then = changes.snapshot(session, live);
    const record = sessionRecord({ n: 2, mine: 1 }, { version: 2, commitId: 'committed' });
    changes.applyOutcome(session, live, then, { kind: 'committed', record }, false);
    expect(session).toMatchObject({ n: 2, mine: 1 });
    expect(live.hasMoved).toBe(true);
    expect(editOf(session, live)).toBeUndefined();
  });

  it('leaves a key that the handler has changed since the commit began as a change', () => {
    const { session, live } = loaded({ n: 1 });
    session.n = 2;
    const then = changes.snapshot(session, live);
    session.n = 3;
    const record = sessionRecord({ n: 2, theirs: 1 }, { version: 2, commitId: 'committed' });
    changes.applyOutcome(session, live, then, { kind: 'committed', record }, false);
    expect(session).toMatchObject({ n: 3, theirs: 1 });
    expect(decoded(editOf(session, live)!.apply(encoded({ n: 2, theirs: 1 })))).toEqual({ n: 3, theirs: 1 });
  });

  it('ends a session that is gone, and leaves its values', () => {
    const { session, live } = loaded({ n: 1 });
    session.n = 2;
    changes.applyOutcome(session, live, changes.snapshot(session, live), { kind: 'gone' }, false);
    expect(live.state).toBe('gone');
    expect(session.n).toBe(2);
  });

  it('leaves a session new if nothing was stored', () => {
    const live = new LiveSession('key');
    const session = created({});
    changes.applyOutcome(session, live, changes.snapshot(session, live), { kind: 'unstored' }, false);
    expect(live.state).toBe('new');
  });

  it('shows the max age that another request has chosen, unless the handler has chosen one meanwhile', () => {
    for (const chosen of [undefined, 30_000]) {
      const { session, live } = loaded({}, 60_000);
      const then = changes.snapshot(session, live);
      if (chosen !== undefined) session.cookie.maxAge = chosen;
      const record = sessionRecord({}, { version: 2, commitId: 'committed', maxAge: 5000 });
      changes.applyOutcome(session, live, then, { kind: 'committed', record }, false);
      expect(session.cookie.originalMaxAge).toBe(chosen ?? 5000);
    }
  });

  it('moves the expiry forward, and to an earlier time only if the max age was chosen', () => {
    vi.spyOn(performance, 'now').mockReturnValue(1000);
    const expiryAfter = (before: number, isMaxAgeChosen: boolean) => {
      const { session, live } = loaded({});
      live.expiresAt = before;
      const record = sessionRecord({}, { version: 2, commitId: 'committed', maxAge: 5000 });
      changes.applyOutcome(session, live, changes.snapshot(session, live), { kind: 'committed', record }, isMaxAgeChosen);
      return live.expiresAt;
    };
    expect(expiryAfter(2000, false)).toBe(6000);
    expect(expiryAfter(9000, false)).toBe(9000);
    expect(expiryAfter(9000, true)).toBe(6000);
  });
});

describe('a refresh', () => {
  it('shows the record that was loaded anew, with its time left, and keeps the changes of the handler', () => {
    vi.spyOn(performance, 'now').mockReturnValue(1000);
    const { session, live } = loaded({ n: 1, mine: 1 });
    session.mine = 2;
    const record = sessionRecord({ n: 2, mine: 1 }, { version: 2, commitId: 'theirs' });
    changes.refresh(session, live, record, { remaining: 5000, longest: 7000 });
    expect(session).toMatchObject({ n: 2, mine: 2 });
    expect(live).toMatchObject({ expiresAt: 6000, endsAt: 8000 });
    expect(changes.unsavedKeys(session)).toEqual(['mine']);
  });
});
