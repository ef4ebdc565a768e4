// A process that uses a sessions table with the statements of layout 1's version, on the database in its arguments.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { MikroORM } from '@mikro-orm/sql';
import type { DialectName, StatementResult } from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { connectionOptions } from './databases.js';
import { layout1Of } from './layout-1.js';

const HOUR = 3_600_000;
const LIFETIME = [0, HOUR, HOUR];

const [database, dbName, tableName, sharedKey] = process.argv.slice(2) as [DialectName, string, string, string];
const orm = await MikroORM.init(connectionOptions(database, { dbName }));
const dialect = DIALECTS[database];
const { run } = new StatementRunner(() => orm.em.getConnection(), dialect);
await dialect.prepare?.(run);
const { statements } = layout1Of(database, tableName);

/** The number of commits to the shared session. */
let commits = 0;
const messages: string[] = [];

process.on('message', (message: string) => void messages.push(message));
process.on('disconnect', () => process.exit());
process.send?.('ready');
while (!(await cycle()).includes('stop'));

/** Uses sessions in each way, then answers the messages that have arrived. */
async function cycle(): Promise<readonly string[]> {
  const answered = messages.splice(0);
  await lifeOfOne();
  await addToShared();
  for (const _message of answered) process.send?.(commits);
  // SQLite's driver blocks the process, so this lets messages in.
  await new Promise((resolve) => void setImmediate(resolve));
  return answered;
}

async function lifeOfOne(): Promise<void> {
  const [key, user, lease] = [randomUUID(), randomUUID(), randomUUID()];
  await changesOne(statements.insert, [key, '{}', 'c0', user, null, HOUR]);
  assert.equal((await execute(statements.load, [key])).rows[0]?.commit_id, 'c0');
  await changesOne(statements.update, ['{"a":1}', 'c1', user, null, ...LIFETIME, key, 0, 'c0']);
  await changesOne(statements.lease, [lease, HOUR, key, lease]);
  await changesOne(statements.extend, [HOUR, key, lease]);
  await changesOne(statements.updateLeased, ['{"a":2}', 'c2', user, null, ...LIFETIME, key, 1, 'c1', lease]);
  await changesOne(statements.release, [key, lease]);
  await execute(statements.touch, [...LIFETIME, key, -1]);
  assert.equal((await execute(statements.list, [user])).rows.length, 1);
  const { rows, affected } = await execute(statements.destroy, [key]);
  assert.equal(rows.length || affected, 1);
}

/** Adds one to `n` of the session that the new version also changes. */
async function addToShared(): Promise<void> {
  for (;;) {
    const [row] = (await execute(statements.load, [sharedKey])).rows;
    const data = JSON.parse(String(row!.data)) as { n: number };
    const next = JSON.stringify({ ...data, n: data.n + 1 });
    const before = String(row!.commit_id);
    const known = [Number(row!.lock_version), before];
    // All commit ids of one record begin alike.
    const commitId = before.slice(0, 13) + randomUUID().slice(13);
    if ((await execute(statements.update, [next, commitId, null, null, ...LIFETIME, sharedKey, ...known])).affected === 1) break;
  }
  commits++;
}

async function changesOne(sql: string, parameters: readonly unknown[]): Promise<void> {
  assert.equal((await execute(sql, parameters)).affected, 1, sql);
}

/** Runs a statement. Like that version, it repeats a statement that the database has rolled back. */
async function execute(sql: string, parameters: readonly unknown[]): Promise<StatementResult> {
  for (;;) {
    try {
      return await run(sql, parameters);
    } catch (error) {
      if (dialect.classify(error) !== 'rolled-back') throw error;
    }
  }
}
