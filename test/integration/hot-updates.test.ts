import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { SqlSessionRepository } from '../../src/index.js';
import { DATABASES } from '../support/databases.js';
import { HAS_POSTGRESQL, OwnPostgresql } from '../support/own-postgresql.js';
import { onDatabase } from '../support/own-server.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

const SESSIONS = 500;
const COMMITS = 10_000;
const IN_FLIGHT = 64;

const TABLE = 'hot_updates';

/** A live session of about 1 KB. */
const session = (): Live => Object.assign(Object.defineProperty({}, 'id', { value: randomUUID() }), { n: 0, filler: 'x'.repeat(1000) });

async function updates({ address }: OwnPostgresql): Promise<{ all: number; hot: number }> {
  const read = 'select n_tup_upd as all, n_tup_hot_upd as hot from pg_stat_user_tables where relname = $1';
  const { rows } = await onDatabase('postgresql', address, (run) => run(read, [TABLE]));
  return { all: Number(rows[0]?.all), hot: Number(rows[0]?.hot) };
}

(DATABASES.includes('postgresql') && HAS_POSTGRESQL ? describe : describe.skip)('updates on postgresql', () => {
  let server: OwnPostgresql;
  let database: SessionsDatabase;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    // A transaction of another test keeps dead rows from being pruned, in another database of the same server too.
    server = await OwnPostgresql.make();
    database = await SessionsDatabase.open('postgresql', TABLE, server.address);
  });
  afterAll(async () => {
    await database.context.close();
    await server.stop();
  });

  it('write no index entry, nine of ten times', async () => {
    const { sessions } = serviceOver(new SqlSessionRepository(database.context));
    const all = Array.from({ length: SESSIONS }, session);
    await Promise.all(all.map((live) => sessions.commit(live)));
    const idle = [...all];
    let commits = 0;
    const work = async () => {
      while (commits++ < COMMITS) {
        const [live] = idle.splice(Math.floor(Math.random() * idle.length), 1);
        live!.n++;
        await sessions.commit(live!);
        idle.push(live!);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
    expect(all.reduce((sum, { n }) => sum + n, 0)).toBe(COMMITS);
    // A connection counts for all to see when it closes, if not before.
    await database.context.close();
    let counted = await updates(server);
    for (let tries = 0; counted.all < COMMITS && tries < 50; tries++) {
      await sleep(100);
      counted = await updates(server);
    }
    expect(counted.all).toBe(COMMITS);
    expect(counted.hot / counted.all).toBeGreaterThan(0.9);
  }, 30_000);
});
