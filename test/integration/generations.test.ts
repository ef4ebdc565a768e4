import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { EntityManagerSessionRepository, SessionGoneError, SqlSessionRepository, type SessionRepository } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { DATABASES } from '../support/databases.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { protocolOf } from '../support/protocol-of.js';

type Live = Record<string, any>;
type Locking = 'optimistic' | 'pessimistic';

const REPOSITORIES = { SqlSessionRepository, EntityManagerSessionRepository };
const CASES = DATABASES.flatMap((database) => Object.entries(REPOSITORIES).map(([name, Repository]) => ({ database, name, Repository })));
const LOCKINGS = ['optimistic', 'pessimistic'] as const;

describe.each(CASES)('NoResurrection: an id that is used again, $name, on $database', ({ database: databaseName, name, Repository }) => {
  let database: SessionsDatabase;
  let repository: SessionRepository;
  let id: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `lives_${databaseName}_${name.slice(0, 3)}`);
    repository = new Repository(database.context);
  });
  beforeEach(() => {
    id = randomUUID();
  });
  afterAll(() => database.close());

  const start = (locking: Locking = 'optimistic') => serviceOver(repository, { locking });
  const live = (of: string, values: object): Live => Object.assign(Object.defineProperty({}, 'id', { value: of }), values);
  const load = async ({ sessions } = start()): Promise<Live> => (await sessions.load(id)) as Live;
  const stored = async () => {
    const record = await repository.load(storageKeyOf(id));
    return record && { ...JSON.parse(record.data), version: record.version };
  };
  /** Destroys the session, and writes another under its id. */
  const begin = async (values: object) => {
    const { sessions } = start();
    await sessions.destroy(id);
    await protocolOf(sessions).stored.replace(id, values);
  };

  it.each(LOCKINGS)('%s: a slow request of the first session writes nothing into the second, as old as it was', async (locking) => {
    const { sessions } = start(locking);
    const first = live(id, { user: 'anna' });
    await sessions.commit(first);
    await sessions.commit(Object.assign(first, { n: 1 }));
    const [slow, locked, asking, keeping] = [await load(), await load(), await load(), await load()];
    await begin({ fresh: 1 });
    await start().sessions.update(id, (draft: Live) => (draft.n = 1));
    const second = await stored();
    await sessions.commit(Object.assign(slow, { slow: 1 }));
    expect(protocolOf(sessions).states.isGone(slow)).toBe(true);
    await expect(sessions.update(locked, (draft: Live) => (draft.slow = 1))).rejects.toThrow(SessionGoneError);
    expect(await protocolOf(sessions).committer.refresh(asking, (await repository.load(storageKeyOf(id)))!)).toBe(false);
    const request = { session: keeping, sessionID: id } as unknown as Parameters<typeof sessions.regenerate>[0];
    await expect(sessions.regenerate(request, { keep: 'all' })).rejects.toThrow(SessionGoneError);
    expect(await stored()).toEqual(second);
  });

  it.each(LOCKINGS)('%s: a request of the first session that waits in line with one of the second is refused alone', async (locking) => {
    const services = start(locking);
    const { sessions } = services;
    await sessions.commit(live(id, { user: 'anna' }));
    const olds = [await load(services), await load(services)];
    await begin({ fresh: 1 });
    const news = [await load(services), await load(services), await load(services)];
    const all = [news[0]!, olds[0]!, news[1]!, olds[1]!, news[2]!];
    await Promise.all(all.map((session, n) => sessions.commit(Object.assign(session, { [`n${n}`]: 1 }))));
    expect(all.map((session) => protocolOf(sessions).states.isGone(session))).toEqual([false, true, false, true, false]);
    expect(await stored()).toEqual({ fresh: 1, n0: 1, n2: 1, n4: 1, version: expect.any(Number) });
  });

  it('a row whose commit id another program has set is written like any other', async () => {
    const { parameter } = database.context.dialect;
    for (const commitId of [null, 'x', '']) {
      const { sessions } = start();
      id = randomUUID();
      await sessions.commit(live(id, { a: 1 }));
      await database.run(`update {table} set commit_id = ${parameter(1)} where session_id = ${parameter(2)}`, [commitId, storageKeyOf(id)]);
      const [one, other] = [await load(), await load()];
      await sessions.commit(Object.assign(one, { b: 1 }));
      await sessions.commit(Object.assign(other, { c: 1 }));
      expect(await stored()).toEqual({ a: 1, b: 1, c: 1, version: 2 });
    }
  });
});
