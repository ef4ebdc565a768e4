import { setTimeout } from 'node:timers/promises';
import type { Dialect } from '../dialects/dialect.js';
import { LAYOUT, LEASE_COLUMNS, leaseTableOf } from '../dialects/table-layout.js';
import { reasonIn } from '../shared/redaction.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import { requireAll } from './database-requirements.js';
import type { StatementRunner } from './statement-runner.js';
import { findTable, shownName } from './table-check.js';
import { inTransaction } from './transaction.js';

/**
 * The longest wait for a lock, in ms. While the upgrade waits for a transaction on the table, later statements of other processes
 * wait behind it.
 */
const LOCK_WAIT = 1000;

/** The pause between two attempts, in ms, in which those statements run. */
const PAUSE = 500;

/** The number of attempts, which take about a minute and a half. */
const ATTEMPTS = 60;

/** The layouts of a table before and after its upgrade. */
export interface Upgrade {
  readonly from: number;
  readonly to: number;
}

/**
 * Upgrades a sessions table to the newest layout while other processes use it. Several processes may run it at once, and it may
 * be repeated after an abort.
 *
 * @param schema undefined for the connection's own
 * @throws SmartSessionConfigError if there is no such table, or if the database refuses
 */
export async function upgradeTable(
  dialect: Dialect,
  runner: StatementRunner,
  tableName: string,
  schema: string | undefined,
): Promise<Upgrade> {
  const find = async () => (await findTable(dialect, runner, tableName, schema)).layout;
  const { version: from, hasLeases } = await find();
  if (from === LAYOUT) return { from, to: from };
  if (!hasLeases && dialect.creationRequirements) await requireAll(runner.run, dialect.creationRequirements);
  await addMissing(dialect, runner, tableName, schema);
  const { version: to } = await find();
  if (to < LAYOUT) throw await foreignLeases(dialect, runner, tableName, schema);
  return { from, to };
}

async function addMissing(
  dialect: Dialect,
  runner: StatementRunner,
  tableName: string,
  schema: string | undefined,
  attempt = 1,
): Promise<void> {
  try {
    await inTransaction(runner, dialect, LOCK_WAIT, (run) => dialect.upgradeTable(run, tableName, schema));
  } catch (error) {
    const kind = dialect.classify(error);
    if (kind !== 'rolled-back' && kind !== 'failed') throw error;
    if (kind === 'failed' || attempt === ATTEMPTS) throw refused(tableName, schema, error);
    await setTimeout(PAUSE);
    await addMissing(dialect, runner, tableName, schema, attempt + 1);
  }
}

/** Checks for a table of that name from another program, which `create table if not exists` would keep. */
async function foreignLeases(
  dialect: Dialect,
  { run }: StatementRunner,
  tableName: string,
  schema: string | undefined,
): Promise<SmartSessionConfigError> {
  const found = await dialect.columns(run, leaseTableOf(tableName), schema);
  const missing = LEASE_COLUMNS.filter(({ name }) => !found.includes(name)).map(({ name }) => name);
  return new SmartSessionConfigError(
    'tableName',
    `the table "${shownName(leaseTableOf(tableName), schema)}" lacks the columns ${missing.join(', ')}`,
    'It belongs to another program. Rename it, and run the command again.',
  );
}

function refused(tableName: string, schema: string | undefined, error: unknown): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'tableName',
    `the table "${shownName(tableName, schema)}" cannot be upgraded to layout ${LAYOUT}: ${reasonIn(error)}`,
    'Run the command as a user who may alter the table, while no transaction on the table takes longer than a second.',
    error,
  );
}
