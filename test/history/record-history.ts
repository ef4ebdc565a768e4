import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import type { DialectName, RunStatement } from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { connectionOptions } from '../support/databases.js';
import { AuditTrail, type AuditedTable } from './audit-trail.js';
import type { AppName } from './history-app.js';
import type { AuditEntry, HistoryRequest } from '../../packages/session-race/src/history/history-request.js';
import { History } from '../../packages/session-race/src/history/history.js';
import { findLocks } from './left-locked.js';
import { firstRequest, runClients, type ClientsSettings } from '../../packages/session-race/src/clients/run-clients.js';
import type { WorkerProcess } from './worker-process.js';

/** A short run on a busy machine goes on until there are so many. */
const FEWEST_REQUESTS = 120;

/** One run. */
export interface HistorySettings extends Pick<ClientsSettings, 'operations' | 'keyOf' | 'seed'> {
  readonly database: DialectName;
  readonly dbName: string;
  readonly table: AuditedTable;
  /** What runs in each process. */
  readonly apps: readonly AppName[];
  readonly workers: readonly WorkerProcess[];
  readonly seconds: number;
}

/** Starts the apps, lets the clients loose on them, and records what they and the database saw. */
export async function recordHistory(settings: HistorySettings): Promise<History> {
  const { database, dbName, table } = settings;
  const orm = await MikroORM.init(connectionOptions(database, { dbName }));
  const runner = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection);
  await DIALECTS[database].prepare?.(runner.run);
  try {
    await AuditTrail.removeFrom(runner.run, database, table);
    return await recordOn(runner, settings);
  } finally {
    await AuditTrail.removeFrom(runner.run, database, table);
    await orm.close();
  }
}

async function recordOn(runner: StatementRunner, settings: HistorySettings): Promise<History> {
  const { database, dbName, table, apps, workers, seconds, seed, operations, keyOf } = settings;
  const used = workers.slice(0, apps.length);
  const requests: HistoryRequest[] = [];
  let leftBehind: string[];
  let trail: AuditTrail;
  try {
    const urls = await Promise.all(used.map((worker, n) => worker.startApp({ app: apps[n]!, database, dbName, tableName: table.name })));
    await firstRequest(urls[0]!);
    await runner.run(`delete from ${DIALECTS[database].quote(table.name)}`);
    trail = await AuditTrail.install(runner.run, database, table);
    const until = performance.now() + seconds * 1000;
    const isOver = () => performance.now() > until && requests.length >= FEWEST_REQUESTS;
    await runClients({ urls, operations, keyOf, seed, record: (request) => requests.push(request) }, isOver);
    leftBehind = await runner.onOneConnection((run: RunStatement) => findLocks(run, database, table.name));
  } finally {
    await Promise.all(used.map((worker) => worker.closeApp()));
  }
  const audit = await trail.read();
  refuseGaps(audit, await trail.current());
  return new History({ requests, audit, leftBehind });
}

/** What the audit copied last must be what stands there: else it is no ground truth. */
function refuseGaps(audit: readonly AuditEntry[], current: readonly AuditEntry[]): void {
  const last = new Map(audit.map((entry) => [entry.key, entry]));
  const expected = new Set([...last.values()].filter(({ data }) => data !== undefined).map((entry) => JSON.stringify(entry)));
  const gaps = [...expected.symmetricDifference(new Set(current.map((entry) => JSON.stringify(entry))))];
  if (gaps.length > 0) throw new Error(`The audit and the table say different things: ${gaps.join(' and ')}`);
}
