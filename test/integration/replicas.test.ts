import { EntityManagerSessionRepository, SqlSessionRepository, type RecordChange } from '../../src/index.js';
import { DATABASES } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { SessionsDatabase } from '../support/sessions-database.js';

const CHANGE: RecordChange = {
  data: '{}',
  commitId: 'c',
  userId: 'anna',
  maxAge: null,
  lifetime: { ms: 60_000, slack: 0, explicit: false },
};

/** Databases that each server has: replicas that lag so far behind that they have no sessions table yet. MikroORM opens none for SQLite. */
const REPLICAS = { postgresql: 'postgres', mysql: 'information_schema', mariadb: 'information_schema' } as const;

describeEach(DATABASES.filter((name) => name !== 'sqlite'))('a replica of %s, which may lag behind', (name) => {
  let database: SessionsDatabase;

  beforeAll(async () => {
    database = await SessionsDatabase.open(name, `replicated_${name}`, { replicas: [{ dbName: REPLICAS[name] }] });
  });
  afterAll(() => database.close());

  it.each([SqlSessionRepository, EntityManagerSessionRepository].map((Repository) => [Repository.name, Repository] as const))(
    'is asked for no session by %s',
    async (key, Repository) => {
      const repository = new Repository(database.context);
      await repository.insert(key, CHANGE);
      expect(await repository.load(key)).toMatchObject({ commitId: 'c' });
      expect((await repository.loadMany([key])).has(key)).toBe(true);
      expect((await repository.all()).has(key)).toBe(true);
      expect(await repository.count()).toBeGreaterThan(0);
      expect(await repository.list('anna')).not.toEqual([]);
      await repository.destroy(key);
    },
  );
});
