import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DatabaseContext, SessionRepository, SmartSessionModule, type RecordChange, type SqlSessionRepository } from 'nestjs-smart-session';
import { sampleSession } from '../app/sample-session.js';
import type { SqlServer } from '../servers/addresses.js';
import { parentOf, serverCpu } from './server-cpu.js';
import { fitCost, type StatementCost } from './statement-cost.js';

/** What the statements of requests cost PostgreSQL. */
export interface DatabaseCost {
  readonly load: StatementCost;
  readonly update: StatementCost;
  /** The size of the log that a written row adds, in bytes. */
  readonly logPerRow: number;
}

const ROWS = 2000;
const BATCHES = [1, 2, 5, 10, 20, 50, 100];
const ROUNDS = 7;
const STATEMENTS = 150;

@Module({})
class Root {}

interface Row {
  readonly key: string;
  version: number;
  commitId: string;
}

/** Sends the statements of the module with so many rows each, and reads the server's CPU time. The server runs on this machine. */
export async function measureDatabaseCost(server: SqlServer, bytes: number): Promise<DatabaseCost> {
  const { host, port, user, password, database } = server;
  const connection = { host, port, user, password, dbName: database, pool: { min: 1, max: 1 } };
  const sessions = SmartSessionModule.forRoot('postgresql', {
    secret: 'of the benchmark',
    connection,
    createTable: true,
    pruneInterval: false,
  });
  const app = await NestFactory.createApplicationContext({ module: Root, imports: [sessions] }, { logger: false });
  try {
    const repository = app.get(SessionRepository, { strict: false }) as SqlSessionRepository;
    const { runner } = app.get(DatabaseContext, { strict: false });
    const select = async (sql: string) => Number((await runner.run(`select ${sql} as n`)).rows[0]!.n);
    const pid = parentOf(await select('pg_backend_pid()'));
    const rows = await insertRows(repository, bytes);
    const load = await measure(pid, (count) => repository.loadMany(pick(rows, count).map(({ key }) => key)));
    const before = await select(`pg_current_wal_lsn() - '0/0'`);
    let written = 0;
    const update = await measure(pid, async (count) => {
      written += count;
      await updateRows(repository, pick(rows, count), bytes);
    });
    return { load, update, logPerRow: ((await select(`pg_current_wal_lsn() - '0/0'`)) - before) / written };
  } finally {
    await app.close();
  }
}

/** Takes turns, so that a slow moment of the machine affects all numbers of rows alike. Uses the median of each. */
async function measure(pid: number, send: (rows: number) => Promise<unknown>): Promise<StatementCost> {
  const costs = new Map(BATCHES.map((count) => [count, [] as number[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const count of BATCHES) {
      const before = serverCpu(pid);
      for (let n = 0; n < STATEMENTS; n++) await send(count);
      // The first round warms up.
      if (round > 0) costs.get(count)!.push((serverCpu(pid) - before) / STATEMENTS);
    }
  }
  return fitCost([...costs].map(([count, all]) => [count, all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!]));
}

async function insertRows(repository: SqlSessionRepository, bytes: number): Promise<Row[]> {
  const rows = Array.from({ length: ROWS }, () => ({ key: randomBytes(32).toString('hex'), version: 0, commitId: newCommitId() }));
  for (const { key, commitId } of rows) await repository.insert(key, changeOf(bytes, commitId));
  return rows;
}

async function updateRows(repository: SqlSessionRepository, rows: readonly Row[], bytes: number): Promise<void> {
  const updates = rows.map((row) => ({
    storageKey: row.key,
    known: { version: row.version, commitId: row.commitId },
    change: changeOf(bytes, newCommitId()),
  }));
  if (rows.length === 1) await repository.update(updates[0]!.storageKey, updates[0]!.known, updates[0]!.change);
  else await repository.updateMany(updates);
  for (const [n, row] of rows.entries()) {
    row.version++;
    row.commitId = updates[n]!.change.commitId;
  }
}

/** Returns different rows at random. */
function pick(rows: readonly Row[], count: number): Row[] {
  const first = Math.floor(Math.random() * rows.length);
  return Array.from({ length: count }, (_, n) => rows[(first + n * 17) % rows.length]!);
}

const newCommitId = () => randomBytes(16).toString('hex');

function changeOf(bytes: number, commitId: string): RecordChange {
  const data = JSON.stringify({ ...sampleSession(bytes), csrf: commitId.slice(0, 16) });
  return { data, commitId, userId: null, maxAge: null, lifetime: { ms: 86_400_000, slack: 60_000, explicit: false } };
}
