import { removeExpiredRow } from '../../src/commit/expired-row.js';
import { SqlSessionRepository } from '../../src/index.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { SessionsDatabase } from '../support/sessions-database.js';

describe('the row that an insert has met', () => {
  let database: SessionsDatabase;
  let repository: SqlSessionRepository;
  let observers: RecordingObservers;

  beforeAll(async () => void (database = await SessionsDatabase.open('sqlite', 'expired_row')));
  afterAll(() => database.close());

  beforeEach(async () => {
    repository = new SqlSessionRepository(database.context);
    observers = new RecordingObservers();
    await repository.clear();
  });

  const lifetime = { ms: 60_000, slack: 0, explicit: true };
  const insert = () => repository.insert('key', { data: '{}', commitId: 'the commit', userId: 'ann', maxAge: null, lifetime });
  const remove = () => removeExpiredRow(repository, 'key', observers.lifecycle);

  it('is deleted if it has expired, and the observer is told once', async () => {
    await insert();
    await database.expireAll();
    expect(await remove()).toBe(true);
    expect(await remove()).toBe(false);
    expect(observers.told).toEqual([['expired', undefined]]);
    expect(await insert()).toBe(true);
  });

  it('stays if it is live, and the observer is not told', async () => {
    await insert();
    expect(await remove()).toBe(false);
    expect(await repository.load('key')).toBeDefined();
    expect(observers.told).toEqual([]);
  });

  it('is deleted without an observer too', async () => {
    await insert();
    await database.expireAll();
    expect(await removeExpiredRow(repository, 'key', undefined)).toBe(true);
  });
});
