import type { EventEmitter } from 'node:events';
import { MikroORM } from '@mikro-orm/sql';
import { Logger } from '@nestjs/common';
import { SmartSessionOptions } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { connectionOptions, ONE_PER_SERVER } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { dropTables } from '../support/drop-tables.js';

const TABLE = 'orm_pool';

/** More than an EventEmitter takes without a warning. */
const MANY = 12;

interface Pool extends EventEmitter {
  readonly options?: { readonly verify?: unknown };
  readonly getConnection?: unknown;
}

describeEach(ONE_PER_SERVER.filter((database) => database !== 'sqlite').map((database) => ({ database })))(
  "the pool of the app's MikroORM, on $database",
  ({ database }) => {
    let orm: MikroORM;
    let pool: Pool;

    const start = () =>
      openDatabase(new SmartSessionOptions({ secret: 'test', tableName: TABLE, createTable: true, dialect: database }), orm);
    const query = (sql: string) => orm.em.getConnection().execute(sql);
    const traces = () => [...pool.eventNames().map((name) => [name, pool.listenerCount(name)]), pool.options?.verify, pool.getConnection];

    beforeAll(async () => {
      Logger.overrideLogger(false);
      orm = await MikroORM.init(connectionOptions(database, { pool: { min: 0, max: 1 } }));
      const first = await start();
      pool = (await (orm.em.getConnection() as unknown as { getNativeClient(): Promise<object> }).getNativeClient()) as Pool;
      await first.runner.run(`create table if not exists ${TABLE}_rows (n int)`);
      await first.runner.run(`delete from ${TABLE}_rows`);
      await first.close();
    });
    afterAll(async () => {
      const last = await start();
      await dropTables(database, last.runner.run, TABLE);
      await query(`drop table ${TABLE}_rows`);
      await last.close();
      await orm.close();
    });

    it('is as it was after many modules have used it, one after the other', async () => {
      const before = traces();
      for (let n = 0; n < MANY; n++) {
        const context = await start();
        await context.runner.run('select 1');
        await context.close();
      }
      expect(traces()).toEqual(before);
    });

    it('is as it was after a module that did not start', async () => {
      const before = traces();
      const failing = () => openDatabase(new SmartSessionOptions({ secret: 'test', tableName: 'absent', dialect: database }), orm);
      for (let n = 0; n < MANY; n++) await expect(failing()).rejects.toThrow('absent');
      expect(traces()).toEqual(before);
    });

    it('is prepared for a module after another one has left it', async () => {
      const [one, other] = [await start(), await start()];
      await one.close();
      await query('start transaction');
      await other.runner.run(`insert into ${TABLE}_rows values (1)`);
      await query('rollback');
      expect(await query(`select n from ${TABLE}_rows`)).toEqual([{ n: 1 }]);
      await other.close();
    });
  },
);
