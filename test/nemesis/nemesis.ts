import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStatement, SmartSessionModuleOptions } from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { AuditTrail, ownTable } from '../history/audit-trail.js';
import type { AppName } from '../history/history-app.js';
import { breachesOf, seedOfRun } from '../history/history-runs.js';
import { History } from '../../packages/session-race/src/history/history.js';
import { findLocks } from '../history/left-locked.js';
import { OPERATIONS } from '../../packages/session-race/src/clients/operations.js';
import { firstRequest, runClients } from '../../packages/session-race/src/clients/run-clients.js';
import { WorkerProcess } from '../history/worker-process.js';
import { report } from '../support/fault-site.js';
import { onDatabase } from '../support/own-server.js';
import type { Cluster, ServerAddress } from './cluster.js';
import { figuresOf, type Figures } from './figures.js';
import { findingsOf, type Finding } from './findings.js';
import { Progress } from './progress.js';

/** How many processes of the app there are. */
export const PROCESSES = 3;

/** How many requests are answered before the fault. */
const WARM_UP = 200;

/** How many requests each process answers after the cluster has settled. */
const RECOVERED = 20;

/** How long a cluster may take to settle, in ms. */
const PATIENCE = 120_000;

/** How long a client pauses after an error, in ms, so that refused requests do not take the whole time of the machine. */
const PAUSE = 20;

/** What a run returns. */
export interface NemesisResult {
  readonly figures: Figures;
  /** What was found, in short, by name. Empty if every law was kept. */
  readonly breaches: Partial<Record<Finding | 'disagreements', string>>;
}

/** How the processes run. */
export interface NemesisSettings {
  readonly app?: AppName;
  readonly options?: Partial<SmartSessionModuleOptions>;
}

/** Causes faults in a cluster while clients use three processes of an app, and finds out what it has cost. */
export class Nemesis {
  private constructor(
    private readonly cluster: Cluster,
    private readonly tableName: string,
    private readonly workers: readonly WorkerProcess[],
  ) {}

  /** @param tableName of no other test that may run at the same time */
  static async open(cluster: Cluster, tableName: string): Promise<Nemesis> {
    return new Nemesis(cluster, tableName, await WorkerProcess.startAll(PROCESSES));
  }

  /**
   * @param fault its name in the report
   * @param strike causes the fault and ends it. The cluster then settles by itself
   */
  async run(fault: string, strike: (progress: Progress) => Promise<void>, settings: NemesisSettings = {}): Promise<NemesisResult> {
    const { cluster } = this;
    const seed = seedOfRun();
    await this.#settle();
    await this.#drop();
    try {
      const history = await this.#record(seed, strike, settings);
      const found = findingsOf(history);
      const figures = figuresOf(history, found);
      report(cluster.dialect, fault, figures);
      const disagreements = await this.#disagreements();
      return { figures, breaches: { ...breachesOf({ history, found, seed }, `${cluster.dialect}-${fault}`), ...disagreements } };
    } finally {
      await this.#drop();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
  }

  async #record(seed: number, strike: (progress: Progress) => Promise<void>, settings: NemesisSettings): Promise<History> {
    const { cluster, tableName, workers } = this;
    const progress = new Progress(PROCESSES);
    const leftBehind: string[] = [];
    try {
      const urls = await this.#startApps(settings);
      await firstRequest(urls[0]!);
      await this.#run(async (run) => {
        await run(`delete from ${DIALECTS[cluster.dialect].quote(tableName)}`);
        await AuditTrail.install(run, cluster.dialect, ownTable(tableName), cluster.triggerBody);
      });
      await this.#settle();
      const operations = Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[];
      const record = (request: Parameters<Progress['record']>[0]) => progress.record(request);
      const clients = runClients({ urls, operations, seed, keyOf: storageKeyOf, record, pause: PAUSE }, () => progress.isOver);
      try {
        await progress.answered(WARM_UP);
        await strike(progress);
        await this.#settle();
        await progress.answeredByAll(RECOVERED);
      } finally {
        progress.isOver = true;
        await clients;
      }
      for (let n = 0; n < PROCESSES; n++)
        leftBehind.push(...(await this.#runOn(cluster.addressOf(n), (run) => findLocks(run, cluster.dialect, tableName))));
    } finally {
      await Promise.all(workers.map((worker) => worker.closeApp()));
    }
    await this.#settle();
    const audit = await this.#run((run) => new AuditTrail(run, cluster.dialect, ownTable(tableName)).readByVersion());
    return new History({ requests: progress.requests, audit, leftBehind });
  }

  /** The first process creates the table before the others start, because concurrent DDL may block a group with several primaries. */
  async #startApps({ app = 'optimistic, statements', options }: NemesisSettings): Promise<string[]> {
    const { dialect: database } = this.cluster;
    const start = (worker: WorkerProcess, n: number) => {
      const connection = this.cluster.addressOf(n);
      return worker.startApp({
        app,
        database,
        dbName: connection.dbName,
        tableName: this.tableName,
        connection,
        ...(options && { options }),
      });
    };
    const [first, ...others] = this.workers as [WorkerProcess, ...WorkerProcess[]];
    const url = await start(first, 0);
    await this.#settle();
    return [url, ...(await Promise.all(others.map((worker, n) => start(worker, n + 1))))];
  }

  /** Compares the members of the settled cluster. */
  async #disagreements(): Promise<{ disagreements?: string }> {
    const { dialect, members } = this.cluster;
    const states = await Promise.all(
      members.map(({ address }) =>
        this.#runOn(address, async (run) => JSON.stringify(await new AuditTrail(run, dialect, ownTable(this.tableName)).current())),
      ),
    );
    return new Set(states).size > 1 ? { disagreements: states.join(' and ') } : {};
  }

  async #settle(): Promise<void> {
    for (const deadline = performance.now() + PATIENCE; !(await this.cluster.isSettled()); await sleep(200))
      if (performance.now() > deadline) throw new Error(`The cluster did not settle within ${PATIENCE} ms.`);
  }

  #drop(): Promise<void> {
    const { dialect } = this.cluster;
    return this.#run((run) => new AuditTrail(run, dialect, ownTable(this.tableName)).remove());
  }

  #run<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return this.#runOn(this.cluster.addressOf(0), work);
  }

  #runOn<Result>(address: ServerAddress, work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return onDatabase(this.cluster.dialect, { ...address, pool: { min: 0, max: 1 } }, work);
  }
}
