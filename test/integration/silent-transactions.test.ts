import { randomUUID } from 'node:crypto';
import { MikroORM } from '@mikro-orm/core';
import { SmartSessionOptions, SqlSessionRepository, defineSessionEntity, endSilentConnections } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import type { ServerName } from '../support/connection-ids.js';
import { CONNECTIONS, DATABASES, connectionOptions } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { dropTables } from '../support/drop-tables.js';
import { transactionsOf } from '../support/orders.js';
import { serviceOver } from '../support/service-over.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const TABLE = 'silent_transactions';
/** The longest silence, in ms. */
const LONGEST = 500;

const SERVERS = DATABASES.filter((database): database is ServerName => database !== 'sqlite');

describeEach(SERVERS)('a transaction whose connection becomes silent, on %s', (dialect) => {
  it('runs again on another connection if silent connections are ended', async () => {
    const proxy = await TcpProxy.start(CONNECTIONS[dialect]);
    const entities = [defineSessionEntity({ tableName: TABLE })];
    const orm = await MikroORM.init(connectionOptions(dialect, { ...proxy.address, entities, pool: { min: 0, max: 1 } }));
    const context = await openDatabase(new SmartSessionOptions({ secret: 'test', tableName: TABLE, createTable: true }), orm);
    await endSilentConnections(orm, LONGEST);
    const { sessions } = serviceOver(new SqlSessionRepository(context), {}, undefined, undefined, undefined, transactionsOf(context));
    const id = randomUUID();
    await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { runs: 0 }));
    let runs = 0;
    const committed = await sessions.transactional(id, (_em, draft: Record<string, any>) => {
      if (++runs === 1) proxy.openBlackHole();
      // New connections work. That of the first run stays silent.
      proxy.closeBlackHole();
      return ++draft.runs;
    });
    expect([runs, committed]).toEqual([2, 1]);
    await dropTables(dialect, context.runner.run, TABLE);
    await orm.close();
    await proxy.close();
  }, 10_000);
});
