import { setTimeout as sleep } from 'node:timers/promises';
import type { AppProcess } from './app-process.js';
import { runLoad, type Load } from './run-load.js';
import type { SessionPool } from './session-pool.js';

/** The figures of one run of one store. */
export interface Figures {
  readonly requestsPerSecond: number;
  /** In ms. */
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the app's process, in microseconds. */
  readonly cpuPerRequest: number;
  readonly statementsPerRequest: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly errors: number;
  readonly clientLoad: number;
}

/** The durations of the runs, in seconds. */
export interface Durations {
  /** Once after an app's start. */
  readonly start: number;
  /** Before each run. */
  readonly warmUp: number;
  readonly run: number;
}

/** The time in which work after the last answers ends, such as touches, in ms. */
const SETTLING = 250;

/** Warms up and counts statements, then measures, then checks for lost updates. */
export async function measure(app: AppProcess, pool: SessionPool, load: Load, { warmUp, run }: Durations): Promise<Figures> {
  pool.ledger.resetCounts();
  const warming = await countStatements(app, pool, load, warmUp);
  const cpuBefore = await app.ask('cpu');
  const result = await runLoad(pool, load, run);
  const cpu = (await app.ask('cpu')) - cpuBefore;
  await sleep(SETTLING);
  await pool.check();
  return {
    requestsPerSecond: result.requests / result.seconds,
    p50: result.p50,
    p99: result.p99,
    cpuPerRequest: cpu / result.sent,
    statementsPerRequest: warming.statementsPerRequest,
    acknowledged: pool.ledger.acknowledged,
    lost: pool.ledger.lost,
    errors: warming.errors + result.errors,
    clientLoad: result.clientLoad,
  };
}

async function countStatements(app: AppProcess, pool: SessionPool, load: Load, seconds: number) {
  await app.ask('startCounting');
  const { sent, errors } = await runLoad(pool, load, seconds);
  await sleep(SETTLING);
  const statements = await app.ask('stopCounting');
  return { statementsPerRequest: statements / sent, errors };
}
