import type { Operation } from '../load/client.js';
import type { StoreDefinition } from '../stores/store-definition.js';

/** What a scenario belongs to: all stores run the core, chosen ones the rest. */
export type ScenarioGroup = 'core' | 'sizes' | 'connections' | 'growth';

/** What is measured of a store. */
export interface Scenario {
  readonly name: string;
  readonly group: ScenarioGroup;
  readonly operation: Operation;
  readonly connections: number;
  /** How many sessions the connections share. */
  readonly sessions: number;
  /** The size of a session's JSON. */
  readonly bytes: number;
  /** The rows of the table; undefined for no more than the sessions in use. */
  readonly rows?: number;
}

/** The bytes of a session where its size is not what is measured. */
export const USUAL_BYTES = 1000;

/** The connections where their number is not what is measured. */
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

/** All scenarios, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  scenario('read', 'core', 'read'),
  scenario('write', 'core', 'write'),
  scenario('mixed', 'core', 'mixed'),
  scenario('hot', 'core', 'write', { connections: 16, sessions: 1 }),
  // The sizes and numbers that the core has already are not measured twice.
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
