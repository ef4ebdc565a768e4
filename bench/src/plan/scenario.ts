import type { Operation } from '../load/client.js';
import type { DatabaseName, StoreDefinition } from '../stores/store-definition.js';

/** The groups of scenarios. All stores run the core; selected ones run the rest. */
export const GROUPS = ['core', 'connections', 'sizes', 'delay', 'node', 'growth'] as const;

/** The group of a scenario. */
export type ScenarioGroup = (typeof GROUPS)[number];

/** A load that is measured. */
export interface Scenario {
  readonly name: string;
  readonly group: ScenarioGroup;
  readonly operation: Operation;
  readonly connections: number;
  /** The number of sessions that the connections share. */
  readonly sessions: number;
  /** The size of a session's JSON. */
  readonly bytes: number;
  /** The number of rows in the table; undefined for only the sessions in use. */
  readonly rows?: number;
  /** The distance between the app and the database, in ms, which a relay makes; undefined without a relay. */
  readonly roundTrip?: number;
  /** The major version of the Node that runs the app; undefined for the Node of the benchmark. */
  readonly node?: number;
}

/** The size of a session in scenarios that do not vary it, in bytes. */
export const USUAL_BYTES = 1000;

/** The number of connections in scenarios that do not vary it. */
export const USUAL_CONNECTIONS = 64;

const USUAL_SESSIONS = 500;

const scenario = (name: string, group: ScenarioGroup, operation: Operation, change: Partial<Scenario> = {}): Scenario => ({
  name,
  group,
  operation,
  connections: USUAL_CONNECTIONS,
  sessions: USUAL_SESSIONS,
  bytes: USUAL_BYTES,
  ...change,
});

const readAndWrite = (make: (operation: 'read' | 'write') => Scenario): Scenario[] => [make('read'), make('write')];

/** All scenarios in the order of their runs. */
export const SCENARIOS: readonly Scenario[] = [
  scenario('read', 'core', 'read'),
  scenario('write', 'core', 'write'),
  scenario('mixed', 'core', 'mixed'),
  scenario('hot', 'core', 'write', { connections: 16, sessions: 1 }),
  // The sizes and numbers in the core are not measured twice.
  ...[1, 16, 256].flatMap((connections) =>
    readAndWrite((operation) => scenario(`${operation}-${connections}-connections`, 'connections', operation, { connections })),
  ),
  ...[10, 100].flatMap((kilobytes) =>
    readAndWrite((operation) => scenario(`${operation}-${kilobytes}-kb`, 'sizes', operation, { bytes: kilobytes * USUAL_BYTES })),
  ),
  // The relay alone, without a delay.
  ...readAndWrite((operation) => scenario(`${operation}-0-ms`, 'delay', operation, { roundTrip: 0 })),
  ...[1, 5].flatMap((roundTrip) => [
    ...readAndWrite((operation) => scenario(`${operation}-${roundTrip}-ms`, 'delay', operation, { roundTrip })),
    ...readAndWrite((operation) =>
      scenario(`${operation}-${roundTrip}-ms-1-connections`, 'delay', operation, { roundTrip, connections: 1 }),
    ),
  ]),
  ...[22, 24, 26].flatMap((node) => readAndWrite((operation) => scenario(`${operation}-node-${node}`, 'node', operation, { node }))),
  // The last ones, because they fill the tables.
  ...[1000, 100_000, 1_000_000].flatMap((rows) =>
    readAndWrite((operation) => scenario(`${operation}-${rows}-rows`, 'growth', operation, { rows })),
  ),
];

/** The scenarios of a quick run. */
export const QUICK_SCENARIOS: readonly string[] = ['read', 'write', 'hot'];

/** The stores whose tables are filled. */
const GROWING: ReadonlySet<string> = new Set(['ours-postgresql', 'ours-mariadb', 'ours-sqlite', 'connect-pg-simple']);

const SERVERS: ReadonlySet<DatabaseName> = new Set(['postgresql', 'mariadb', 'mysql']);

const isOnServer = ({ database }: StoreDefinition) => SERVERS.has(database);
const isOnSql = (store: StoreDefinition) => isOnServer(store) || store.database === 'sqlite';

/** Which stores run the scenarios of a group. */
const RUNNING: Readonly<Record<ScenarioGroup, (store: StoreDefinition, scenario: Scenario) => boolean>> = {
  core: () => true,
  // All variants and peers run where a row of this library is most likely to be slower: with few connections and with large sessions.
  connections: (store, { connections }) => store.isMain || (isOnSql(store) && connections < USUAL_CONNECTIONS),
  sizes: (store) => store.isMain || isOnSql(store),
  delay: (store, { roundTrip }) => {
    if (store.kind === 'reference') return isOnServer(store);
    return store.isMain && roundTrip !== 0 && (isOnServer(store) || store.database === 'redis');
  },
  // better-sqlite3 must be compiled for each version of Node.
  node: (store) => store.isMain && isOnServer(store),
  growth: (store) => GROWING.has(store.id),
};

/** Whether a store runs a scenario. */
export function isRun(planned: Scenario, store: StoreDefinition): boolean {
  return RUNNING[planned.group](store, planned);
}
