import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import { endSilentConnections } from '../../src/index.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { CLIENT_CASES } from '../support/app-clients.js';
import { DATABASES, connectionOptions } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';

/** The longest silence, in ms. */
const LONGEST = 1200;

/** Statements that would succeed, were the connection not ended. */
const SLEEP: Partial<Record<string, string>> = { postgresql: 'select pg_sleep(5)', mysql: 'select sleep(5)', mariadb: 'select sleep(5)' };

describeEach(CLIENT_CASES.filter(({ kind, dialect }) => ['pg.Pool', 'a pool of mysql2'].includes(kind) && dialect !== 'mariadb'))(
  "silent connections of the app's own client: $kind",
  ({ dialect, open }) => {
    it('are ended too', async () => {
      const { client, run, close } = open();
      await endSilentConnections(client, LONGEST);
      await expect(run(SLEEP[dialect]!)).rejects.toThrow(/connection/i);
      await run('select 1');
      await close();
    });
  },
);

describeEach(DATABASES.filter((database) => SLEEP[database]))('silent connections to %s', (database) => {
  let orm: MikroORM;
  let runner: StatementRunner;

  beforeAll(async () => {
    orm = await MikroORM.init(connectionOptions(database, { pool: { min: 0, max: 1 } }));
    runner = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection);
    // One is open already.
    await runner.run('select 1');
    await endSilentConnections(orm, LONGEST);
  });
  afterAll(() => orm.close());

  it('are ended, and others opened, so that the pool serves on', async () => {
    for (let round = 0; round < 2; round++) {
      await expect(runner.run(SLEEP[database]!)).rejects.toThrow(/connection/i);
      expect((await runner.run('select 1 as answer')).rows).toEqual([{ answer: 1 }]);
    }
  });

  it('are left alone when they are heard of in time', async () => {
    const id = database === 'postgresql' ? 'pg_backend_pid()' : 'connection_id()';
    const asking = async () => (await runner.run(`select ${id} as id`)).rows[0]?.id;
    const first = await asking();
    for (let n = 0; n < 5; n++) {
      await new Promise((resolve) => setTimeout(resolve, LONGEST / 4));
      expect(await asking()).toBe(first);
    }
  });
});
