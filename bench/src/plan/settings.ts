import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Durations } from '../load/measure.js';
import { STORES } from '../stores/catalog.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import { GROUPS, QUICK_SCENARIOS, SCENARIOS, type Scenario, type ScenarioGroup } from './scenario.js';

/** The settings of a benchmark. */
export interface Settings {
  readonly isQuick: boolean;
  readonly stores: readonly StoreDefinition[];
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  readonly durations: Durations;
  /** The folder for the results. */
  readonly out: string;
  /** The folder of another checkout to compare with; undefined for the report. */
  readonly against: string | undefined;
  /** Whether the report is only made again from the results in the folder. */
  readonly isRebuild: boolean;
}

const ABOUT: Readonly<Record<ScenarioGroup, string>> = {
  core: 'all stores, 64 connections, sessions of 1 KB; "hot" has 16 connections and one session',
  connections: '1, 16 and 256 connections',
  sizes: 'sessions of 10 and 100 KB',
  delay: 'a database that is 1 and 5 ms away; 0 ms is the relay alone',
  node: 'the app on Node 22, 24 and 26, which npm installs into build/bench-nodes',
  growth: 'tables of 1,000 to 1,000,000 rows',
};

/** The output of `--help`. */
export const HELP = `npm run bench -- [options]

  --quick              few stores and scenarios, short runs: rough figures in three minutes
  --stores a,b         only these stores; * matches any characters
  --scenarios a,b      only these scenarios or groups
  --rounds n           the number of rounds (5; quick 2)
  --seconds n          the length of each run (3; quick 1)
  --warm-up n          the seconds before each run that are not measured (1; quick 0.5)
  --out folder         the folder for the results (bench/results)
  --against folder     compares this checkout with another built one, without a report
  --rebuild            makes the report again from benchmark.json in the folder, without measuring

stores: ${STORES.map(({ id }) => id).join(' ')}
scenarios: ${SCENARIOS.map(({ name }) => name).join(' ')}

groups:
${GROUPS.map((group) => `  ${group.padEnd(18)} ${ABOUT[group]}`).join('\n')}

A run of all groups but growth takes about two hours with --seconds 0.9.`;

/**
 * Reads the command line.
 *
 * @returns undefined if help is requested
 * @throws Error for an invalid command line
 */
export function readSettings(given: readonly string[]): Settings | undefined {
  const { values } = parseArgs({
    args: [...given],
    options: {
      quick: { type: 'boolean', default: false },
      stores: { type: 'string' },
      scenarios: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      out: { type: 'string' },
      against: { type: 'string' },
      rebuild: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const isQuick = values.quick;
  return {
    isQuick,
    stores: chooseStores(values.stores, isQuick),
    scenarios: chooseScenarios(values.scenarios, isQuick),
    rounds: positive('rounds', values.rounds ?? (isQuick ? '2' : '5')),
    durations: {
      start: isQuick ? 1 : 3,
      warmUp: positive('warm-up', values['warm-up'] ?? (isQuick ? '0.5' : '1')),
      run: positive('seconds', values.seconds ?? (isQuick ? '1' : '3')),
    },
    out: values.out === undefined ? RESULTS : fromCaller(values.out),
    against: values.against === undefined ? undefined : fromCaller(values.against),
    isRebuild: values.rebuild,
  };
}

const RESULTS = fileURLToPath(new URL('../../results', import.meta.url));

/** Resolves a given folder against the folder in which npm was called. */
function fromCaller(given: string): string {
  return resolve(process.env.INIT_CWD ?? '.', given);
}

function chooseStores(given: string | undefined, isQuick: boolean): StoreDefinition[] {
  if (given === undefined) return STORES.filter((store) => !isQuick || store.isQuick);
  return choose('store', given, STORES, ({ id }, name) => patternOf(name).test(id));
}

function chooseScenarios(given: string | undefined, isQuick: boolean): Scenario[] {
  return choose(
    'scenario',
    given ?? (isQuick ? QUICK_SCENARIOS.join(',') : GROUPS.join(',')),
    SCENARIOS,
    (scenario, name) => scenario.name === name || scenario.group === name,
  );
}

function choose<Item>(kind: string, given: string, all: readonly Item[], isMeant: (item: Item, name: string) => boolean): Item[] {
  const names = given.split(',');
  const unknown = names.find((name) => !all.some((item) => isMeant(item, name)));
  if (unknown !== undefined) throw new Error(`There is no ${kind} "${unknown}". Try --help.`);
  return all.filter((item) => names.some((name) => isMeant(item, name)));
}

function positive(option: string, given: string): number {
  const number = Number(given);
  if (!(number > 0)) throw new Error(`--${option} needs a positive number, but "${given}" was given.`);
  return number;
}

function patternOf(name: string): RegExp {
  return new RegExp(`^${name.split('*').join('.*')}$`);
}
