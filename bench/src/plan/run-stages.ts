import { measure } from '../load/measure.js';
import { StoreUnderTest } from '../load/store-under-test.js';
import type { Addresses } from '../servers/addresses.js';
import { fillTable } from '../servers/fill-table.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import { planStages, type PlannedRun, type Stage } from './plan.js';
import { Progress } from './progress.js';
import type { RunRecord } from './run-record.js';
import type { Settings } from './settings.js';

/** The apps of all stores, which idle until it is their turn. */
type Apps = ReadonlyMap<string, StoreUnderTest>;

/** Does all runs that the settings ask for. */
export async function runStages(settings: Settings, stores: readonly StoreDefinition[], addresses: Addresses): Promise<RunRecord[]> {
  const stages = planStages(settings.scenarios, stores, settings.rounds);
  const progress = new Progress(stages.reduce((sum, { runs }) => sum + runs.length, 0));
  const apps = new Map<string, StoreUnderTest>();
  const records: RunRecord[] = [];
  try {
    for (const store of stores) apps.set(store.id, await StoreUnderTest.start(store, addresses));
    for (const stage of stages) {
      await fillTables(stage, addresses, progress);
      for (const run of stage.runs) records.push(await runOne(run, apps, settings, progress));
    }
    return records;
  } finally {
    await Promise.all([...apps.values()].map((app) => app.stop()));
  }
}

async function runOne(run: PlannedRun, apps: Apps, { durations }: Settings, progress: Progress): Promise<RunRecord> {
  const { round, scenario, store } = run;
  const { app, pool } = await openPool(run, apps);
  const figures = await measure(app, pool, scenario, durations);
  const record = { round, store: store.id, scenario: scenario.name, ...figures };
  progress.done(run, record);
  return record;
}

async function openPool({ scenario, store }: PlannedRun, apps: Apps) {
  const underTest = apps.get(store.id);
  if (!underTest) throw new Error(`The app of ${store.id} has not been started.`);
  return { app: underTest.app, pool: await underTest.pool(scenario) };
}

async function fillTables({ rows, runs }: Stage, addresses: Addresses, progress: Progress): Promise<void> {
  if (rows === undefined) return;
  for (const store of new Set(runs.map((run) => run.store))) {
    const start = performance.now();
    await fillTable(store, addresses, rows);
    progress.say(`filled the table of ${store.id} up to ${rows} rows in ${Math.round((performance.now() - start) / 1000)} s`);
  }
}
