import type { Dialect } from '../dialects/dialect.js';
import { driverError } from '../dialects/driver-error.js';
import { reasonIn } from '../shared/redaction.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import type { StatementRunner } from './statement-runner.js';

/**
 * Creates the sessions table if it is missing. Several processes may do so at once.
 *
 * @param schema undefined for the connection's own
 * @throws SmartSessionConfigError if the database refuses
 */
export async function createTable(dialect: Dialect, runner: StatementRunner, tableName: string, schema: string | undefined): Promise<void> {
  try {
    await runner.onOneConnection((run) => dialect.createTable(run, tableName, schema));
  } catch (error) {
    if (dialect.classify(error) !== 'failed') throw error;
    throw new SmartSessionConfigError(
      'createTable',
      `the table "${tableName}" cannot be created: ${reasonIn(error)}`,
      "Give the connection's user the right to create it, or create it with a migration and leave `createTable` out.",
      error,
    );
  }
}

/** @throws SmartSessionConfigError if the schema does not exist */
export async function checkSchema(dialect: Dialect, { run }: StatementRunner, schema: string): Promise<void> {
  if (await dialect.hasSchema(run, schema)) return;
  throw new SmartSessionConfigError(
    'schema',
    `there is no schema "${schema}"`,
    'Create it, or correct its name. `createTable` creates only the table.',
  );
}

/**
 * Returns the error for a database that cannot be reached, refuses the login, does not exist, or that MikroORM cannot create.
 *
 * @param option the option that leads to the database
 */
export function unopened(dialect: Dialect, error: unknown, option: 'connection' | 'client' = 'connection'): SmartSessionConfigError {
  const advice = adviceFor(dialect, error, option === 'client' ? 'of `client`' : "in `connection` or in MikroORM's configuration");
  return new SmartSessionConfigError(option, `its database cannot be opened: ${reasonIn(error)}`, advice, error);
}

function adviceFor(dialect: Dialect, error: unknown, place: string): string {
  if (driverError(error).isUnconnected) return `Start the server, or correct the host and the port ${place}. ${ENVIRONMENT}`;
  if (dialect.isRefusedLogin(error)) return `Correct the user and the password ${place}. ${ENVIRONMENT}`;
  if (isAnswer(dialect, error)) return `Create it, or correct its name ${place}. \`createTable\` creates only the table.`;
  return `Check that a ${dialect.name} server answers at the host and the port ${place}. ${ENVIRONMENT}`;
}

const ENVIRONMENT = 'If a value comes from an environment variable, such as DATABASE_URL, check that it is set.';

/** Whether an error is of the database itself, not of a driver that got no answer. */
function isAnswer(dialect: Dialect, error: unknown): boolean {
  const { errno = 0, sqlState } = driverError(error);
  const { severity } = (error ?? {}) as { readonly severity?: unknown };
  return errno > 0 || sqlState !== undefined || severity !== undefined || dialect.isMissingDatabase(error) || dialect.isBlocking;
}
