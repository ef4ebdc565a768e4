import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DialectName } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { CONNECTIONS } from '../support/databases.js';
import { ownTable } from './audit-trail.js';
import { checkHistory, type CheckerName } from '../../packages/session-race/src/checkers/index.js';
import type { AppName } from './history-app.js';
import type { History } from '../../packages/session-race/src/history/history.js';
import { OPERATIONS, OWN_OPERATIONS } from '../../packages/session-race/src/clients/operations.js';
import { PEERS, type PeerName } from './peers.js';
import { recordHistory } from './record-history.js';
import { WorkerProcess } from './worker-process.js';

/** How long each run takes, when it is said. */
export const { HISTORY_SECONDS } = process.env;

/** Where histories are kept that should not have been. */
const KEPT = 'build/histories';

type Operations = (keyof typeof OPERATIONS)[];

const ALL = Object.keys(OPERATIONS) as Operations;

/** What clients may do with any store. */
export const COMMON_OPERATIONS = ALL.filter((operation) => !OWN_OPERATIONS.includes(operation));

/** A history, and what was found in it. */
export interface CheckedHistory<Name extends string = CheckerName> {
  readonly history: History;
  readonly found: Readonly<Record<Name, string[]>>;
  readonly seed: number;
}

/** Runs histories one after the other in the same processes. */
export class HistoryRuns {
  readonly #directory = mkdtempSync(join(tmpdir(), 'history-'));

  private constructor(
    private readonly tableName: string,
    private readonly workers: readonly WorkerProcess[],
  ) {}

  /** @param tableName of no other test that may run at the same time */
  static async open(tableName: string, processes: number): Promise<HistoryRuns> {
    return new HistoryRuns(tableName, await WorkerProcess.startAll(processes));
  }

  /** Runs this library, in one way or mutant for each process. */
  async runOwn(database: DialectName, apps: readonly AppName[], seconds: number, operations = ALL): Promise<CheckedHistory> {
    const seed = seedOfRun();
    const dbName = database === 'sqlite' ? join(this.#directory, 'history.sqlite') : CONNECTIONS[database].dbName;
    const { workers } = this;
    const history = await recordHistory({
      database,
      dbName,
      table: ownTable(this.tableName),
      apps,
      workers,
      seconds,
      seed,
      operations,
      keyOf: storageKeyOf,
    });
    return { history, found: checkHistory(history), seed };
  }

  /** Runs a store of somebody else's in each process. */
  async runPeer(name: PeerName, processes: number, seconds: number): Promise<CheckedHistory> {
    const seed = seedOfRun();
    const { database, table } = PEERS[name];
    const { dbName } = CONNECTIONS[database];
    const { workers } = this;
    const apps = Array<AppName>(processes).fill(name);
    const history = await recordHistory({
      database,
      dbName,
      table: table(this.tableName),
      apps,
      workers,
      seconds,
      seed,
      operations: COMMON_OPERATIONS,
      keyOf: (id) => id,
    });
    return { history, found: checkHistory(history), seed };
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    rmSync(this.#directory, { recursive: true });
  }
}

/** What was found, in short; keeps the history when that is anything. */
export function breachesOf<Name extends string>(
  { history, found, seed }: CheckedHistory<Name>,
  name: string,
): Partial<Record<Name, string>> {
  const breaches = Object.entries<string[]>(found).filter(([, all]) => all.length > 0);
  if (breaches.length === 0) return {};
  mkdirSync(KEPT, { recursive: true });
  const file = join(KEPT, `${name.replaceAll(/\W+/g, '-')}-${seed}.json`);
  writeFileSync(file, JSON.stringify({ found, ...history.recording }, undefined, 1));
  const entries = breaches.map(([checker, all]) => [checker, `${all.length}, such as: ${all[0]} (SEED=${seed}, kept in ${file})`]);
  return Object.fromEntries(entries) as Partial<Record<Name, string>>;
}

/** A new one, or that of a run to repeat. */
export function seedOfRun(): number {
  return Number(process.env.SEED ?? randomInt(2 ** 31));
}
