import type { Operation } from '../load/client.js';
import type { StoreDefinition } from '../stores/store-definition.js';

/** The group of a scenario. All stores run the core; selected ones run the rest. */
export type ScenarioGroup = 'core' | 'sizes' | 'connections' | 'growth';

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
  ...[1000, 100_000, 1_000_000].flatMap((rows) =>
    readAndWrite((operation) => scenario(`${operation}-${rows}-rows`, 'growth', operation, { rows })),
  ),
];

/** The scenarios of a quick run. */
export const QUICK_SCENARIOS: readonly string[] = ['read', 'write', 'hot'];

/** The stores whose tables are filled. */
const GROWING: ReadonlySet<string> = new Set(['ours-postgresql', 'ours-mariadb', 'ours-sqlite', 'connect-pg-simple']);

/** Whether a store runs a scenario. */
export function isRun({ group }: Scenario, store: StoreDefinition): boolean {
  if (group === 'core') return true;
  return group === 'growth' ? GROWING.has(store.id) : store.isMain;
}
