import { Logger } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/core';
import pg from 'pg';
import { SmartSessionOptions } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { inTransaction } from '../../src/persistence/transaction.js';
import { endConnections, noteConnections, type ServerName } from '../support/connection-ids.js';
import { connectionOptions, DATABASES } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { describeUnless } from '../support/describe-unless.js';
import { dropTables } from '../support/drop-tables.js';
import { SERVERS } from '../support/servers.js';

const TABLE = 'open_transactions';

/** In ms: the driver gives up both a statement that waits for a lock, and its rollback, which it does not send. */
const SETTINGS = { query_timeout: 200 };

const { dbName: database, ...server } = SERVERS.postgresql;

const openOrm = async () => {
  const orm = await MikroORM.init(connectionOptions('postgresql', { pool: { min: 0, max: 1 }, driverOptions: SETTINGS }));
  return { orm, close: () => orm.close() };
};

const openPool = async () => {
  const client = new pg.Pool({ database, ...server, ...SETTINGS, max: 1 });
  return { client, close: () => client.end() };
};

describeUnless(!DATABASES.includes('postgresql') && 'there is no PostgreSQL', 'a transaction whose rollback fails', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it.each([
    ["the app's MikroORM", openOrm],
    ["the app's own client", openPool],
  ])('contains no later change, on %s', async (_name, openApp) => {
    const app: { readonly orm?: MikroORM; readonly client?: object; close(): Promise<void> } = await openApp();
    const options = new SmartSessionOptions({ secret: 'test', tableName: TABLE, createTable: true, client: app.client });
    const { runner, dialect, close } = await openDatabase(options, app.orm);
    const other = new pg.Client({ database, ...server });
    await other.connect();
    await other.query('begin');
    await other.query(`lock table ${TABLE}_leases in access exclusive mode`);
    const waiting = inTransaction(runner, dialect, undefined, (run) => run(`delete from ${TABLE}_leases`));
    await expect(waiting).rejects.toThrow('Query read timeout');
    await other.query('commit');

    await runner.run(`comment on table ${TABLE} is 'changed'`);
    const { rows } = await other.query('select obj_description($1::regclass) as comment', [TABLE]);
    expect(rows).toEqual([{ comment: 'changed' }]);
    await dropTables('postgresql', runner.run, TABLE);
    await other.end();
    await close();
    await app.close();
  });
});

const NAMES = DATABASES.filter((dialect) => dialect !== 'sqlite') as ServerName[];

describeEach(NAMES)('transactions of the app whose connections end, on %s', (dialect) => {
  it('leave no lost connection in the pool', async () => {
    const ids: number[] = [];
    const orm = await MikroORM.init(connectionOptions(dialect, { pool: { min: 0, max: 1 }, ...noteConnections(dialect, ids) }));
    const options = new SmartSessionOptions({ secret: 'test', tableName: TABLE, createTable: true });
    const { runner } = await openDatabase(options, orm);
    for (let n = 0; n < 2; n++) await expect(orm.em.fork().transactional(() => endConnections(dialect, ids))).rejects.toThrow();
    expect((await runner.run('select 1 as answer')).rows).toEqual([{ answer: 1 }]);
    await dropTables(dialect, runner.run, TABLE);
    await orm.close();
  }, 10_000);
});
