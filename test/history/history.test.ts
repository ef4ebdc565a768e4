import { DATABASES } from '../support/databases.js';
import { activityOf } from './activity.js';
import { HISTORY_SECONDS, HistoryRuns, breachesOf } from './history-runs.js';
import { MUTANTS, type Mutant, type MutantName } from './mutants.js';
import { OPERATIONS } from '../../packages/session-race/src/clients/operations.js';

const IS_LONG = HISTORY_SECONDS !== undefined;
const SECONDS = Number(HISTORY_SECONDS ?? 0.4);

/** What runs in each process. */
const WAYS = {
  '1 process': ['optimistic, statements'],
  '3 processes': ['optimistic, statements', 'optimistic, statements', 'optimistic, statements'],
  '3 processes, both platforms, both repositories and both ways of locking on one table': [
    'on Fastify',
    'optimistic, entity manager',
    'pessimistic, statements',
  ],
} as const;

/** The short form runs the last of them, which has everything in it. */
const WAYS_RUN = Object.entries(WAYS).slice(IS_LONG ? 0 : -1);

/** A mutant is run again and again, each time for so long, until it is seen. */
const MUTANT_SECONDS = 0.3;
const MUTANT_RUNS = 25;

/** The short form runs the first three, on one database. */
const MUTANTS_RUN = Object.entries(MUTANTS as Record<MutantName, Mutant>).slice(0, IS_LONG ? undefined : 3) as [MutantName, Mutant][];
const MUTANT_DATABASES = DATABASES.filter(
  (database) => IS_LONG || database === (DATABASES.includes('postgresql') ? 'postgresql' : DATABASES[0]),
);

let runs: HistoryRuns;
beforeAll(async () => {
  runs = await HistoryRuns.open('history', 3);
}, 60_000);
afterAll(() => runs.close());

describe.each(DATABASES)('histories of HTTP clients on %s', (database) => {
  it.each(WAYS_RUN)(
    '%s: keep every law',
    async (name, apps) => {
      const checked = await runs.runOwn(database, apps, SECONDS);
      const activity = activityOf(checked.history);
      process.stdout.write(`${database}, ${name}: ${JSON.stringify(activity)}, SEED=${checked.seed}\n`);
      expect(breachesOf(checked, `${database}-${name}`)).toEqual({});
      expect(activity.unexpected).toEqual([]);
      expect(activity.merged).toBeGreaterThan(0);
      expect(Object.keys(activity.answered)).toEqual(
        expect.arrayContaining(IS_LONG ? [...Object.keys(OPERATIONS), 'begin'] : ['begin', 'put', 'read']),
      );
    },
    600_000,
  );
});

describe.each(MUTANT_DATABASES)('a mutant is seen on %s', (database) => {
  const mutants = MUTANTS_RUN.filter(([, { notOn = [] }]) => !notOn.includes(database));

  it.each(mutants)(
    '%s',
    async (name, { seenBy }) => {
      for (let n = 1; n <= MUTANT_RUNS; n++) {
        const { found } = await runs.runOwn(database, [name, name], MUTANT_SECONDS);
        if (found[seenBy].length === 0) continue;
        process.stdout.write(`${database}, ${name}: ${found[seenBy].length} ${seenBy} in run ${n}\n`);
        return;
      }
      throw new Error(`${MUTANT_RUNS} runs found no ${seenBy}.`);
    },
    60_000,
  );
});
