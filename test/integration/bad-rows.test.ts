import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

/** What a row's data may have become, by another program or by hand. */
const GARBAGE = [
  '',
  ' ',
  '{',
  '{"a":1',
  'null',
  '1',
  '"text"',
  '[]',
  '[1]',
  'undefined',
  '{"a":}',
  "{'a':1}",
  '\u0001',
  '{"__proto__":{"a":1}}',
  '{"cookie":1}',
];

/** How a table that was there before may allow a row without data. */
const NULLABLE: Partial<Record<string, string>> = {
  postgresql: 'alter table {table} alter column data drop not null',
  mysql: 'alter table {table} modify data longtext null',
  mariadb: 'alter table {table} modify data longtext null',
};

describe.each(REPOSITORY_CASES)('bad rows on $database, $name', ({ database: databaseName, repository: Repository, locking, n }) => {
  let database: SessionsDatabase;
  let id: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `bad_rows_${databaseName}_${n}`);
    const nullable = NULLABLE[databaseName];
    if (nullable) await database.run(nullable);
  });
  beforeEach(() => {
    id = randomUUID();
  });
  afterAll(() => database.close());

  const services = () => serviceOver(new Repository(database.context), { locking }).sessions;
  const session = (values: object) => Object.assign(Object.defineProperty({}, 'id', { value: id }), values);
  const spoil = (assignment: string) => database.run(`update {table} set ${assignment} where session_id = '${storageKeyOf(id)}'`);

  it.each([...GARBAGE.map((data) => `'${data.replaceAll("'", "''")}'`), ...(NULLABLE[databaseName] ? ['null'] : [])])(
    'data = %s is a session or none, never an error, and can be ended',
    async (data) => {
      const sessions = services();
      await sessions.commit(session({ a: 1 }));
      const live = (await sessions.load(id)) as object;
      await spoil(`data = ${data}`);
      const found = await sessions.load(id);
      expect(found === undefined || typeof found === 'object').toBe(true);
      expect(({} as { a?: unknown }).a).toBeUndefined();
      // Who had it loaded before hears of no error either: it writes by the version, or finds no session under the lock.
      await sessions.commit(Object.assign(live, { b: 2 }));
      if (locking === 'optimistic') expect(await sessions.load(id)).toMatchObject({ a: 1, b: 2 });
      await sessions.destroy(id);
      expect(await sessions.load(id)).toBeUndefined();
    },
  );

  it('columns that may be null are', async () => {
    const sessions = services();
    await sessions.commit(session({ a: 1 }));
    await spoil('commit_id = null, user_id = null, max_age = null, lease_id = null, lease_expires_at = null');
    await sessions.commit(Object.assign((await sessions.load(id)) as object, { b: 2 }));
    expect(await services().load(id)).toMatchObject({ a: 1, b: 2 });
  });
});
