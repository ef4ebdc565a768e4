import { setImmediate as turnEnds } from 'node:timers/promises';
import { vi } from 'vitest';
import { Deadline } from '../../src/batching/deadline.js';
import { commitIdAfter } from '../../src/records/commit-id.js';
import type { SessionRecord } from '../../src/records/session-record.js';
import type { CommitQueue } from '../../src/commit/commit-queue.js';
import type { CommitOutcome, Edit } from '../../src/commit/edit.js';
import { SessionTooLargeError, SessionUnavailableError, SqlSessionRepository, type SmartSessionModuleOptions } from '../../src/index.js';
import type { EncodedValues } from '../../src/merge/encoded-values.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { gate, type Gate } from '../support/gate.js';
import { decoded, encoded, sessionRecord } from '../support/records.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

function logIn(values: EncodedValues): string {
  return (decoded(values).log ?? '') as string;
}

/** An edit that appends a name to the text under `log`. */
function appends(name: string, more: Partial<Edit> = {}): Edit {
  return { apply: (current) => encoded({ ...decoded(current), log: logIn(current) + name }), ...more };
}

function logOf(outcome: CommitOutcome): string {
  return outcome.kind === 'committed' ? logIn(outcome.record.values) : outcome.kind;
}

describe('the commits of one session', () => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let commits: CommitQueue;
  let base: SessionRecord;

  beforeAll(async () => void (database = await SessionsDatabase.open('sqlite', 'commit_queue')));
  afterAll(() => database.close());

  beforeEach(async () => {
    // The time stands still, so that a slow machine does not divide a batch.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    await others().clear();
    base = await insert();
    setUp();
  });

  afterEach(() => void vi.restoreAllMocks());

  const others = () => new SqlSessionRepository(database.context);

  function setUp(options: SmartSessionModuleOptions = {}): void {
    repository = new FaultyRepository(database.context);
    commits = serviceOver(repository, options).commits;
  }

  /** Inserts a record by another process. */
  async function insert(): Promise<SessionRecord> {
    const commitId = commitIdAfter(undefined);
    const lifetime = { ms: 60_000, slack: 0, explicit: true };
    await others().insert('key', { data: '{"log":""}', commitId, userId: null, maxAge: null, lifetime });
    return sessionRecord({ log: '' }, { commitId });
  }

  async function stored() {
    const record = (await others().load('key'))!;
    return { ...(JSON.parse(record.data) as { log: string }), version: record.version };
  }

  function commit(edit: Edit, known: SessionRecord | undefined = base, deadline = new Deadline('commit', 60_000)): Promise<CommitOutcome> {
    return commits.commit('key', known, edit, deadline);
  }

  function firstSave(edit: Edit, deadline = new Deadline('commit', 60_000)): Promise<CommitOutcome> {
    return commits.commit('key', undefined, edit, deadline);
  }

  /** Begins a commit whose update does not end before the gate opens. */
  async function commitHeld(edit = appends('0'), deadline?: Deadline): Promise<Gate & { readonly outcome: Promise<CommitOutcome> }> {
    const held = gate();
    repository.faults.update = [held.fault];
    const outcome = commit(edit, base, deadline);
    await held.arrived;
    return { ...held, outcome };
  }

  it('wait for the one in flight, and then share one update in their order', async () => {
    const first = await commitHeld();
    const waiting = ['a', 'b', 'c'].map((name) => commit(appends(name)));
    expect(repository.calls).toEqual(['update']);
    first.open();
    expect(logOf(await first.outcome)).toBe('0');
    expect((await Promise.all(waiting)).map(logOf)).toEqual(['0abc', '0abc', '0abc']);
    expect(repository.calls).toEqual(['update', 'update']);
    expect(await stored()).toEqual({ log: '0abc', version: 2 });
  });

  it('resolve only after the update that contains their edit', async () => {
    const first = await commitHeld();
    const second = gate();
    repository.faults.update = [second.fault];
    const events: string[] = [];
    const waiting = commit(appends('a')).then(() => events.push('resolved'));
    first.open();
    await first.outcome;
    await second.arrived;
    events.push('released');
    second.open();
    await waiting;
    expect(events).toEqual(['released', 'resolved']);
  });

  it('are sent immediately when none is in flight, also after a queue was emptied', async () => {
    const first = await commitHeld();
    const second = commit(appends('a'));
    first.open();
    await second;
    // With a driver that blocks, the queue closes at the end of the turn of the event loop.
    await turnEnds();
    await turnEnds();
    await commit(appends('b'));
    expect(await stored()).toEqual({ log: '0ab', version: 3 });
  });

  it('reject by themselves if their edit is refused: the others are written', async () => {
    const refusal = new Error('no');
    const first = await commitHeld();
    const refuses: Edit = {
      apply: () => {
        throw refusal;
      },
    };
    const waiting = Promise.allSettled([commit(appends('a')), commit(refuses), commit(appends('b'))]);
    first.open();
    expect(await waiting).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: refusal }, { status: 'fulfilled' }]);
    expect(await stored()).toEqual({ log: '0ab', version: 2 });
  });

  it('go on after one that has failed', async () => {
    const first = await commitHeld();
    repository.faults.update = [{ kind: 'failed', effect: 'none' }];
    const failing = expect(commit(appends('a', { maxAge: 5000 }))).rejects.toThrow(SessionUnavailableError);
    const last = commit(appends('b'));
    first.open();
    await failing;
    expect(logOf(await last)).toBe('0b');
  });

  it('are committed one by one if they are too large together: only those fail that are too large by themselves', async () => {
    setUp({ maxBytes: 60 });
    const sets = (key: string): Edit => ({ apply: (current) => encoded({ ...decoded(current), [key]: 'x'.repeat(30) }) });
    const first = await commitHeld();
    const waiting = Promise.allSettled([commit(sets('a')), commit(sets('b')), commit(appends('c'))]);
    first.open();
    const [a, b, c] = await waiting;
    expect(a.status).toBe('fulfilled');
    expect((b as PromiseRejectedResult).reason).toBeInstanceOf(SessionTooLargeError);
    expect(c.status).toBe('fulfilled');
    expect(await stored()).toEqual({ log: '0c', a: 'x'.repeat(30), version: 3 });
  });

  it.each<[string, Partial<Edit>]>([
    ['sets a max age', { maxAge: 30_000 }],
    ['takes the max age away', { maxAge: null }],
    ['needs a lease', { leaseId: 'lease' }],
  ])('have an update of their own if one %s', async (_name, more) => {
    await others().lease('key', 'lease', 60_000);
    const first = await commitHeld();
    const waiting = [commit(appends('a')), commit(appends('b')), commit(appends('c', more)), commit(appends('d')), commit(appends('e'))];
    first.open();
    expect((await Promise.all(waiting)).map(logOf)).toEqual(['0ab', '0ab', '0abc', '0abcde', '0abcde']);
    expect((await stored()).version).toBe(4);
  });

  it('share an update by at most 100', async () => {
    const first = await commitHeld();
    const waiting = Array.from({ length: 101 }, () => commit(appends('x')));
    first.open();
    const lengths = (await Promise.all(waiting)).map((outcome) => logOf(outcome).length);
    expect(lengths).toEqual([...Array<number>(100).fill(101), 102]);
  });

  it('are refused beyond `maxWaiting`, and those that wait are committed', async () => {
    setUp({ maxWaiting: 2 });
    const first = await commitHeld();
    const waiting = [commit(appends('a')), commit(appends('b'))];
    const refused = expect(commit(appends('c'))).rejects.toThrow('2 commits of this session are waiting, which is the limit `maxWaiting`');
    await refused;
    first.open();
    await Promise.all(waiting);
    expect((await stored()).log).toBe('0ab');
  });

  it('see what another process has stored, even if they change nothing', async () => {
    const theirs = async () => {
      const now = (await others().load('key'))!;
      const change = { data: '{"log":"theirs"}', commitId: commitIdAfter(now.commitId), userId: null, maxAge: null };
      await others().update('key', now, { ...change, lifetime: { ms: 60_000, slack: 0, explicit: true } });
    };
    repository.faults.update = [{ effect: 'done', meanwhile: theirs }];
    const first = commit(appends('0'));
    const unchanged = commit({ apply: (current) => current });
    expect(logOf(await first)).toBe('0');
    expect(logOf(await unchanged)).toBe('theirs');
  });

  it('belong to one generation: those of a destroyed record are gone, in whichever order they wait', async () => {
    const destroyed = base;
    await others().destroy('key');
    base = await insert();
    const first = await commitHeld();
    const waiting = [commit(appends('a')), commit(appends('x'), destroyed), commit(appends('b')), commit(appends('y'), destroyed)];
    first.open();
    expect((await Promise.all(waiting)).map(logOf)).toEqual(['0a', 'gone', '0ab', 'gone']);
    expect((await stored()).log).toBe('0ab');
  });

  describe('after their deadline', () => {
    const late = new Error('late');

    it('reject, and do not block later ones', async () => {
      const deadline = new Deadline('commit', 60_000);
      const first = await commitHeld(appends('0'), deadline);
      const second = commit(appends('a'));
      deadline.pass(late);
      await expect(first.outcome).rejects.toBe(late);
      expect(logOf(await second)).toBe('a');
      first.open();
    });

    it('are not written if they still wait', async () => {
      const first = await commitHeld();
      const deadline = new Deadline('commit', 60_000);
      const waiting = Promise.allSettled([commit(appends('a'), base, deadline), commit(appends('b'))]);
      deadline.pass(late);
      first.open();
      expect(await waiting).toMatchObject([{ status: 'rejected', reason: late }, { status: 'fulfilled' }]);
      expect((await stored()).log).toBe('0b');
    });
  });

  describe('without a record', () => {
    let held: Gate;

    beforeEach(async () => {
      await others().destroy('key');
      held = gate();
      repository.faults.insert = [held.fault];
    });

    it('are first saves, which share no update', async () => {
      const saves = ['a', 'b', 'c'].map((name) => firstSave(appends(name)));
      await held.arrived;
      held.open();
      expect((await Promise.all(saves)).map(logOf)).toEqual(['a', 'ab', 'abc']);
      expect(await stored()).toEqual({ log: 'abc', version: 2 });
    });

    it('make a destroy wait for a first save in flight, also after its deadline', async () => {
      const deadline = new Deadline('commit', 60_000);
      const events: string[] = [];
      const save = firstSave(appends('a'), deadline);
      await held.arrived;
      deadline.pass(new Error('late'));
      await expect(save).rejects.toThrow('late');
      const saved = commits.firstSaved('key').then(() => events.push('saved'));
      await commits.firstSaved('another');
      events.push('released');
      held.open();
      await saved;
      expect(events).toEqual(['released', 'saved']);
      expect((await stored()).log).toBe('a');
    });

    it('make a destroy wait for all first saves, and for one that fails', async () => {
      const deadline = new Deadline('commit', 60_000);
      const second = gate();
      repository.faults.insert = [held.fault, { ...second.fault, kind: 'failed' }];
      const events: string[] = [];
      const saves = [firstSave(appends('a'), deadline), firstSave(appends('b'))].map((save) => save.catch(() => {}));
      await held.arrived;
      deadline.pass(new Error('late'));
      await second.arrived;
      const saved = commits.firstSaved('key').then(() => events.push('saved'));
      second.open();
      await saves[1];
      events.push('released');
      held.open();
      await saved;
      expect(events).toEqual(['released', 'saved']);
    });
  });
});
