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

/** Returns the error for a database that cannot be reached, refuses the login, does not exist, or that MikroORM cannot create. */
export function unopened(dialect: Dialect, error: unknown): SmartSessionConfigError {
  return new SmartSessionConfigError('connection', `its database cannot be opened: ${reasonIn(error)}`, adviceFor(dialect, error), error);
}

function adviceFor(dialect: Dialect, error: unknown): string {
  const place = "in `connection` or in MikroORM's configuration";
  if (driverError(error).isUnconnected) return `Start the server, or correct the host and the port ${place}.`;
  if (dialect.isRefusedLogin(error))
    return `Correct the user and the password ${place}. If they come from an environment variable, set it.`;
  return `Create it, or correct its name ${place}. \`createTable\` creates only the table.`;
}
