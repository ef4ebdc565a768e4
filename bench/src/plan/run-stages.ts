import { measure } from '../load/measure.js';
import { StoreUnderTest } from '../load/store-under-test.js';
import type { Addresses } from '../servers/addresses.js';
import { fillTable } from '../servers/fill-table.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import { planStages, type PlannedRun, type Stage } from './plan.js';
import { Places } from './places.js';
import { Progress } from './progress.js';
import type { Failure, RunRecord } from './run-record.js';
import type { Settings } from './settings.js';

/** The results of all runs. */
export interface Outcome {
  readonly records: readonly RunRecord[];
  readonly failures: readonly Failure[];
  /** The versions of Node that ran apps beside the Node of the benchmark. */
  readonly otherNodes: readonly string[];
}

/**
 * Does all runs of the settings. An app that fails is left out from then on.
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
    for (const stage of stages) {
      await runner.prepare(stage);
      progress.begin();
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

/** Keeps the apps of a stage, which are idle between their runs. */
class Runner implements Outcome {
  readonly records: RunRecord[] = [];
  readonly failures: Failure[] = [];
  readonly #apps = new Map<string, StoreUnderTest>();
  readonly #failed = new Set<string>();
  readonly #places: Places;

  constructor(
    private readonly settings: Settings,
    private readonly addresses: Addresses,
    private readonly progress: Progress,
  ) {
    this.#places = new Places(addresses);
  }

  get otherNodes(): readonly string[] {
    return this.#places.otherNodes;
  }

  /** Starts the apps of a stage, ends the other ones, and fills the tables. */
  async prepare(stage: Stage): Promise<void> {
    const needed = new Map(stage.runs.map((run) => [nameOf(run), run]));
    const idle = [...this.#apps.keys()].filter((name) => !needed.has(name));
    await Promise.all(idle.map((name) => this.#end(name)));
    for (const [name, run] of needed) if (!this.#apps.has(name) && !this.#failed.has(name)) await this.#start(name, run);
    await this.#fill(stage);
  }

  async #start(name: string, run: PlannedRun): Promise<void> {
    this.progress.say(`starting ${name}`);
    await this.#guarded(run, 'start', async () => {
      const place = await this.#places.of(run.store, run.scenario);
      this.#apps.set(name, await StoreUnderTest.start(run.store, place, this.settings.durations.start));
    });
  }

  async #fill({ rows, runs }: Stage): Promise<void> {
    if (rows === undefined) return;
    for (const run of new Map(runs.map((one) => [nameOf(one), one])).values()) {
      const start = performance.now();
      await this.#guarded(run, `fill up to ${rows} rows`, () => fillTable(run.store, this.addresses, rows));
      this.progress.say(`the table of ${run.store.id} has ${rows} rows, after ${Math.round((performance.now() - start) / 1000)} s`);
    }
  }

  /** Does one run. */
  async run(run: PlannedRun): Promise<void> {
    const { round, scenario, store } = run;
    const underTest = this.#apps.get(nameOf(run));
    if (!underTest) return this.progress.skipped();
    await this.#guarded(run, scenario.name, async () => {
      const figures = await measure(underTest.app, await underTest.pool(scenario), scenario, this.settings.durations);
      const record = { round, store: store.id, scenario: scenario.name, ...figures };
      this.records.push(record);
      this.progress.done(run, record);
    });
  }

  /** Ends all apps and relays. */
  async stop(): Promise<void> {
    await Promise.all([...this.#apps.keys()].map((name) => this.#end(name)));
    await this.#places.close();
  }

  async #end(name: string): Promise<void> {
    const app = this.#apps.get(name);
    this.#apps.delete(name);
    await app?.stop();
  }

  async #guarded(run: PlannedRun, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const message = explain(error);
      this.failures.push({ store: run.store.id, scenario: what, message });
      this.progress.say(`${nameOf(run)} failed and is left out from now on: ${what}: ${message}`);
      this.#failed.add(nameOf(run));
      await this.#end(nameOf(run));
    }
  }
}

/** Returns the name of the app that a run needs: its store, and where it runs. */
function nameOf({ store, scenario: { roundTrip, node } }: PlannedRun): string {
  const place = [roundTrip !== undefined && `at ${roundTrip} ms`, node !== undefined && `on Node ${node}`];
  return [store.id, ...place.filter(Boolean)].join(' ');
}

/** Returns an error's message. A failed fetch has the reason only in its cause. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${explain(error.cause)}`;
}
