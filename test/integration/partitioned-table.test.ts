import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { EntityManagerSessionRepository, SqlSessionRepository, counter, type DialectName } from '../../src/index.js';
import { DATABASES } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { tourSessions } from '../support/sessions-tour.js';

const PARTITIONS = 4;
const SESSIONS = 40;
const PROCESSES = 3;

/** How a table is divided by the hash of its primary key, and which query counts its partitions. */
interface Division {
  readonly statements: (table: string) => string[];
  readonly count: string;
}

const BY_KEY: Division = {
  statements: (table) => [`alter table ${table} partition by key (session_id) partitions ${PARTITIONS}`],
  count:
    "select count(distinct partition_name) as n from information_schema.partitions where table_schema = database() and table_name = replace('{table}', '`', '')",
};

const DIVISIONS: Partial<Record<DialectName, Division>> = {
  postgresql: {
    statements: (table) => [
      `alter table ${table} rename to ${table}_whole`,
      `create table ${table} (like ${table}_whole including all) partition by hash (session_id)`,
      ...Array.from(
        { length: PARTITIONS },
        (_, n) => `create table ${table}_${n} partition of ${table} for values with (modulus ${PARTITIONS}, remainder ${n})`,
      ),
      `drop table ${table}_whole`,
    ],
    count: 'select count(distinct tableoid) as n from {table}',
  },
  mysql: BY_KEY,
  mariadb: BY_KEY,
};

const CASES = DATABASES.flatMap((database) =>
  [SqlSessionRepository, EntityManagerSessionRepository].map((Repository) => ({ database, repository: Repository.name, Repository })),
).filter(({ database }) => database in DIVISIONS);

describeEach(CASES)('a table that is partitioned by hash, on $database, $repository', ({ database: name, Repository }) => {
  let database: SessionsDatabase;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(name, `divided_${name}`);
    for (const statement of DIVISIONS[name]!.statements(`divided_${name}`)) await database.run(statement);
  });
  afterAll(() => database.close());

  it('answers each operation', async () => {
    await tourSessions(database.context, new Repository(database.context));
  });

  it('loses nothing when sessions of all partitions share a statement', async () => {
    const processes = Array.from(
      { length: PROCESSES },
      () => serviceOver(new Repository(database.context), { merge: { count: counter() } as Record<string, any> }).sessions,
    );
    const ids = Array.from({ length: SESSIONS }, () => randomUUID());
    await Promise.all(ids.map((id) => processes[0]!.commit(Object.defineProperty({ count: 0 }, 'id', { value: id }))));
    expect(Number((await database.run(DIVISIONS[name]!.count))[0]!.n)).toBe(PARTITIONS);
    await Promise.all(
      ids.flatMap((id) =>
        processes.map(async (sessions, n) => {
          const live = (await sessions.load(id)) as Record<string, any>;
          await sessions.commit(Object.assign(live, { [`p${n}`]: 1, count: live.count + 1 }));
        }),
      ),
    );
    const stored = await Promise.all(ids.map((id) => processes[0]!.load(id)));
    expect(stored).toEqual(ids.map(() => expect.objectContaining({ p0: 1, p1: 1, p2: 1, count: 3 })));
  });
});
