import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { SqlSessionRepository } from '../../src/index.js';
import { DATABASES } from '../support/databases.js';
import { onPostgres } from '../support/on-postgres.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

const SESSIONS = 500;
const COMMITS = 10_000;
const IN_FLIGHT = 64;

/** A database of its own: a transaction of another test in the same one would keep dead rows from being pruned. */
const DATABASE = 'smart_session_hot_updates';
const TABLE = 'hot_updates';

/** A live session of about 1 KB. */
const session = (): Live => Object.assign(Object.defineProperty({}, 'id', { value: randomUUID() }), { n: 0, filler: 'x'.repeat(1000) });

async function updates(): Promise<{ all: number; hot: number }> {
  const read = 'select n_tup_upd as all, n_tup_hot_upd as hot from pg_stat_user_tables where relname = $1';
  const { rows } = await onPostgres((run) => run(read, [TABLE]), { dbName: DATABASE });
  return { all: Number(rows[0]?.all), hot: Number(rows[0]?.hot) };
}

(DATABASES.includes('postgresql') ? describe : describe.skip)('updates on postgresql', () => {
  let database: SessionsDatabase;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    await onPostgres(async (run) => {
      await run(`drop database if exists ${DATABASE}`);
      await run(`create database ${DATABASE}`);
    });
    database = await SessionsDatabase.open('postgresql', TABLE, { dbName: DATABASE });
  });
  afterAll(async () => {
    await database.context.orm.close();
    await onPostgres((run) => run(`drop database ${DATABASE}`));
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
    await database.context.orm.close();
    let counted = await updates();
    for (let tries = 0; counted.all < COMMITS && tries < 50; tries++) {
      await sleep(100);
      counted = await updates();
    }
    expect(counted.all).toBe(COMMITS);
    expect(counted.hot / counted.all).toBeGreaterThan(0.9);
  }, 30_000);
});
