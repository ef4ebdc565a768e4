import type { MikroORM } from '@mikro-orm/core';
import type { Dialect } from '../dialects/dialect.js';
import { SessionDatabaseError, SmartSessionConfigError } from '../smart-session.errors.js';
import { configuredName } from './mikro-orm/configured-name.js';
import type { StatementRunner } from './statement-runner.js';
import { unopened } from './table-creation.js';

/**
 * Connects MikroORM to the database that its configuration names.
 *
 * MikroORM creates a missing database over a connection to another one. If that fails, it reports the error once and keeps the
 * other connection. Without this check, sessions would be stored there.
 *
 * @throws SmartSessionConfigError if it cannot be opened, and SessionDatabaseError for a database that would lose sessions
 */
export async function connectToConfigured(orm: MikroORM, { run }: StatementRunner, dialect: Dialect): Promise<void> {
  const name = configuredName(orm);
  const isElsewhere = () => orm.config.get('dbName') !== name;
  try {
    await orm.em.getConnection().ensureConnection();
    await run('select 1');
  } catch (error) {
    if (name === undefined || !isElsewhere()) throw error instanceof SessionDatabaseError ? error : unopened(dialect, error);
    await reconnect(orm, name, run).catch(() => {
      throw unopened(dialect, error);
    });
  }
  if (isElsewhere()) throw unmade(name);
}

/** Connects again, because another process may have created the database at the same time. */
async function reconnect(orm: MikroORM, dbName: string, run: StatementRunner['run']): Promise<void> {
  await orm.reconnect({ dbName });
  await run('select 1');
}

function unmade(name: string | undefined): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'connection',
    `MikroORM could not create the database "${name}" and uses another one`,
    'Create it, and start again.',
  );
}
