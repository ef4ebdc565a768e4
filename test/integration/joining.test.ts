import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { SessionUnavailableError, SqlSessionRepository, type SessionService, type SmartSessionModuleOptions } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { DATABASES } from '../support/databases.js';
import { FaultyRepository, type Fault } from '../support/faulty-repository.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

const FAILED: Fault = { kind: 'failed', effect: 'none' };

describe.each(DATABASES)('loads that join, on %s', (databaseName) => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let sessions: SessionService;
  let ids: string[];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `joining_${databaseName}`);
  });
  beforeEach(async () => {
    setUp({});
    ids = Array.from({ length: 5 }, () => randomUUID());
    for (const [n, id] of ids.entries()) await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n }));
    repository.calls.length = 0;
  });
  afterAll(() => database.close());

  function setUp(options: SmartSessionModuleOptions): void {
    repository = new FaultyRepository(database.context);
    sessions = serviceOver(repository, options).sessions;
  }
  const load = async (id: string | undefined) => (await sessions.load(id ?? '')) as Live | undefined;
  /** Holds the next query up after it has read; what it returns lets its rows arrive. */
  function holdNext(method: 'load' | 'loadMany' = 'load', fault: Fault = { effect: 'done' }): () => void {
    let release = () => {};
    const arrival = new Promise<void>((resolve) => (release = resolve));
    repository.faults[method] = [...(repository.faults[method] ?? []), { ...fault, meanwhile: () => arrival }];
    return release;
  }

  it('leave at once with nothing under way', async () => {
    const loaded = load(ids[0]);
    expect(repository.calls).toEqual(['load']);
    expect(await loaded).toMatchObject({ n: 0 });
    const again = load(ids[1]);
    expect(repository.calls).toEqual(['load', 'load']);
    await again;
  });

  it('go out together while a query is under way, each key once', async () => {
    const arrive = holdNext();
    const loads = [load(ids[0]), ...[1, 2, 3, 1, 2].map((n) => load(ids[n])), load(randomUUID())];
    expect(repository.calls).toEqual(['load']);
    arrive();
    const loaded = await Promise.all(loads);
    expect(loaded.map((session) => session?.n)).toEqual([0, 1, 2, 3, 1, 2, undefined]);
    expect(repository.calls).toEqual(['load', 'loadMany']);
    expect(repository.batches).toEqual([4]);
    loaded[1]!.n = 'changed';
    expect(loaded[4]).toMatchObject({ n: 1 });
  });

  it('CommitBeforeAnswer: never join a query that was sent before', async () => {
    const arrive = holdNext();
    const early = load(ids[0]);
    const { sessions: others } = serviceOver(new SqlSessionRepository(database.context));
    await others.update(ids[0]!, (draft: Live) => { draft.n = 'new'; });
    const late = load(ids[0]);
    arrive();
    expect(await early).toMatchObject({ n: 0 });
    expect(await late).toMatchObject({ n: 'new' });
    expect(repository.calls).toEqual(['load', 'load']);
  });

  it('fail together when their query fails, and with nobody else', async () => {
    const arrive = holdNext();
    repository.faults.loadMany = [FAILED];
    const first = load(ids[0]);
    const joined = [load(ids[1]), load(ids[2])];
    arrive();
    expect(await first).toMatchObject({ n: 0 });
    const outcomes = await Promise.allSettled(joined);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(SessionUnavailableError) });
    expect(await load(ids[3])).toMatchObject({ n: 3 });
  });

  it('find no session in a row that cannot be read, and the others', async () => {
    await database.run(`update {table} set data = 'nonsense' where session_id = '${storageKeyOf(ids[1]!)}'`);
    const arrive = holdNext();
    const loads = [0, 1, 2].map((n) => load(ids[n]));
    arrive();
    expect((await Promise.all(loads)).map((session) => session?.n)).toEqual([0, undefined, 2]);
  });

  it('are not held up by a query that does not come back', async () => {
    setUp({ timeout: 1000 });
    const arrive = holdNext();
    const lost = load(ids[0]);
    expect(await load(ids[1])).toMatchObject({ n: 1 });
    const outcome = expect(lost).rejects.toThrow(/did not answer within 1000 ms/);
    await outcome;
    arrive();
    expect(await load(ids[0])).toMatchObject({ n: 0 });
  });

  it('BoundedOutcome: are so many in a query, and wait so many', async () => {
    setUp({ maxWaiting: 150 });
    const arrive = holdNext();
    const first = load(ids[0]);
    const waiting = Array.from({ length: 150 }, () => load(randomUUID()));
    await expect(load(randomUUID())).rejects.toThrow('150 others are waiting already');
    arrive();
    await Promise.all([first, ...waiting]);
    expect(repository.batches).toEqual([100, 50]);
  });
});
