import { measure } from '../load/measure.js';
import { StoreUnderTest } from '../load/store-under-test.js';
import type { Addresses } from '../servers/addresses.js';
import { fillTable } from '../servers/fill-table.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import { planStages, type PlannedRun, type Stage } from './plan.js';
import { Progress } from './progress.js';
import type { Failure, RunRecord } from './run-record.js';
import type { Settings } from './settings.js';

/** The results of all runs. */
export interface Outcome {
  readonly records: readonly RunRecord[];
  readonly failures: readonly Failure[];
}

/**
 * Does all runs of the settings. A store that fails is left out from then on.
 *
 * @param signal ends the benchmark before the next run
 */
export async function runStages(
  settings: Settings,
  stores: readonly StoreDefinition[],
  addresses: Addresses,
  signal: AbortSignal,
): Promise<Outcome> {
  const stages = planStages(settings.scenarios, stores, settings.rounds);
  const progress = new Progress(stages.reduce((sum, { runs }) => sum + runs.length, 0));
  const runner = new Runner(settings, addresses, progress);
  try {
    for (const store of stores) await runner.start(store);
    progress.begin();
    for (const stage of stages) {
      await runner.fill(stage);
      for (const run of stage.runs) {
        signal.throwIfAborted();
        await runner.run(run);
      }
    }
    return runner;
  } finally {
    await runner.stop();
  }
}

/** Keeps the apps of all stores, which are idle between their runs. */
class Runner implements Outcome {
  readonly records: RunRecord[] = [];
  readonly failures: Failure[] = [];
  readonly #apps = new Map<string, StoreUnderTest>();

  constructor(
    private readonly settings: Settings,
    private readonly addresses: Addresses,
    private readonly progress: Progress,
  ) {}

  /** Starts a store's app. */
  async start(store: StoreDefinition): Promise<void> {
    this.progress.say(`starting ${store.id}`);
    await this.#guarded(store, 'start', async () => {
      this.#apps.set(store.id, await StoreUnderTest.start(store, this.addresses, this.settings.durations.start));
    });
  }

  /** Fills the tables of a stage. */
  async fill({ rows, runs }: Stage): Promise<void> {
    if (rows === undefined) return;
    for (const store of new Set(runs.map((run) => run.store))) {
      const start = performance.now();
      await this.#guarded(store, `fill up to ${rows} rows`, () => fillTable(store, this.addresses, rows));
      this.progress.say(`the table of ${store.id} has ${rows} rows, after ${Math.round((performance.now() - start) / 1000)} s`);
    }
  }

  /** Does one run. */
  async run(run: PlannedRun): Promise<void> {
    const { round, scenario, store } = run;
    const underTest = this.#apps.get(store.id);
    if (!underTest) return this.progress.skipped();
    await this.#guarded(store, scenario.name, async () => {
      const figures = await measure(underTest.app, await underTest.pool(scenario), scenario, this.settings.durations);
      const record = { round, store: store.id, scenario: scenario.name, ...figures };
      this.records.push(record);
      this.progress.done(run, record);
    });
  }

  /** Ends all apps. */
  async stop(): Promise<void> {
    await Promise.all([...this.#apps.values()].map((app) => app.stop()));
  }

  async #guarded(store: StoreDefinition, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const message = explain(error);
      this.failures.push({ store: store.id, scenario: what, message });
      this.progress.say(`${store.id} failed and is left out from now on: ${what}: ${message}`);
      const app = this.#apps.get(store.id);
      this.#apps.delete(store.id);
      await app?.stop();
    }
  }
}

/** Returns an error's message. A failed fetch has the reason only in its cause. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${explain(error.cause)}`;
}
