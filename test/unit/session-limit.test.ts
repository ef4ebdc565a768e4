import { SessionLimitError, SqlSessionRepository, type SmartSessionModuleOptions } from '../../src/index.js';
import type { CommitOutcome } from '../../src/commit/edit.js';
import { SessionLimit } from '../../src/ending/session-limit.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import type { SessionRecord } from '../../src/records/session-record.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { sessionRecord } from '../support/records.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

const ANN = sessionRecord({ user: 'ann' });
const BOB = sessionRecord({ user: 'bob' });
const NO_USER = sessionRecord({});

const committed = (record: SessionRecord): CommitOutcome => ({ kind: 'committed', record });

describe('the limit of sessions', () => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let observers: RecordingObservers;
  let limit: SessionLimit;

  beforeAll(async () => void (database = await SessionsDatabase.open('sqlite', 'session_limit')));
  afterAll(() => database.close());

  beforeEach(async () => {
    repository = new FaultyRepository(database.context);
    await repository.clear();
    for (const key of ['first', 'second', 'third']) await insert(key, 'ann');
    await insert('other', 'bob');
  });

  /** Inserts a session that is newer than those before it. */
  async function insert(key: string, userId: string): Promise<void> {
    const lifetime = { ms: 60_000, slack: 0, explicit: true };
    await repository.insert(key, { data: '{}', commitId: key, userId, maxAge: null, lifetime });
    const count = await repository.count();
    await database.run(`update {table} set created_at = '2026-01-01 00:00:0${count}.000' where session_id = '${key}'`);
  }

  function setUp(given: SmartSessionModuleOptions): void {
    const all: SmartSessionModuleOptions = { userId: 'user', ...given };
    const options = new SmartSessionOptions({ secret: 'x', ...all });
    observers = new RecordingObservers();
    const { codec, retrying, destroyer } = serviceOver(repository, all, undefined, observers);
    limit = new SessionLimit(codec, retrying, destroyer, options);
  }

  const keys = async () => [...(await new SqlSessionRepository(database.context).all()).keys()].toSorted();
  const ALL = ['first', 'other', 'second', 'third'];

  it('is on only with the option', () => {
    setUp({});
    expect(limit.isOn).toBe(false);
    setUp({ maxSessionsPerUser: 2 });
    expect(limit.isOn).toBe(true);
  });

  it.each<SmartSessionModuleOptions['maxSessionsPerUser']>([
    { max: 3, whenFull: 'evict-oldest' },
    { max: 3, whenFull: 'deny' },
  ])('ends no session while there is room: %o', async (maxSessionsPerUser) => {
    setUp({ maxSessionsPerUser });
    await limit.admit('third', undefined, committed(ANN));
    expect(await keys()).toEqual(ALL);
  });

  it('ends the oldest of the user, and tells the observer why', async () => {
    setUp({ maxSessionsPerUser: { max: 1, whenFull: 'evict-oldest' } });
    await limit.admit('third', NO_USER, committed(ANN));
    expect(await keys()).toEqual(['other', 'third']);
    expect(observers.of('destroyed')).toEqual([
      ['destroyed', 'ann', 'evicted'],
      ['destroyed', 'ann', 'evicted'],
    ]);
  });

  it('keeps the session that has just logged in, however old it is', async () => {
    setUp({ maxSessionsPerUser: { max: 2, whenFull: 'evict-oldest' } });
    await limit.admit('first', BOB, committed(ANN));
    expect(await keys()).toEqual(['first', 'other', 'third']);
  });

  it('destroys only the session itself with `deny`, and throws', async () => {
    setUp({ maxSessionsPerUser: { max: 2, whenFull: 'deny' } });
    await expect(limit.admit('first', undefined, committed(ANN))).rejects.toThrow(SessionLimitError);
    expect(await keys()).toEqual(['other', 'second', 'third']);
    expect(observers.of('destroyed')).toEqual([['destroyed', 'ann', 'refused']]);
  });

  it('throws with `deny` too if the answer to the deletion was lost', async () => {
    setUp({ maxSessionsPerUser: { max: 2, whenFull: 'deny' } });
    repository.faults.destroySome = [{ kind: 'unknown', effect: 'done' }];
    await expect(limit.admit('first', undefined, committed(ANN))).rejects.toThrow(SessionLimitError);
    expect(await keys()).toEqual(['other', 'second', 'third']);
  });

  it('admits the session with `deny` if another has ended since the count', async () => {
    setUp({ maxSessionsPerUser: { max: 2, whenFull: 'deny' } });
    repository.faults.destroySome = [{ effect: 'none', meanwhile: () => new SqlSessionRepository(database.context).destroy('second') }];
    await limit.admit('first', undefined, committed(ANN));
    expect(await keys()).toEqual(['first', 'other', 'third']);
  });

  it.each<[string, SessionRecord | undefined, CommitOutcome]>([
    ['the session had this user before', ANN, committed(ANN)],
    ['the session has no user', undefined, committed(NO_USER)],
    ['the session has lost its user', ANN, committed(NO_USER)],
    ['the session is gone', undefined, { kind: 'gone' }],
    ['nothing was stored', undefined, { kind: 'unstored' }],
  ])('ends no session if %s', async (_name, before, outcome) => {
    setUp({ maxSessionsPerUser: { max: 1, whenFull: 'deny' } });
    await limit.admit('first', before, outcome);
    expect(await keys()).toEqual(ALL);
  });
});
