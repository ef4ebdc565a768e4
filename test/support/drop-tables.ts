import type { INestApplication } from '@nestjs/common';
import { DatabaseContext, type DialectName, type RunStatement } from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { qualifiedName } from '../../src/dialects/qualified-name.js';
import { leaseTableOf } from '../../src/dialects/table-layout.js';

/** Drops a sessions table and its table of leases, if they exist. */
export async function dropTables(dialect: DialectName, run: RunStatement, tableName: string, schema?: string): Promise<void> {
  for (const name of [tableName, leaseTableOf(tableName)])
    await run(`drop table if exists ${qualifiedName(DIALECTS[dialect].quote, name, schema)}`);
}

/** Drops the tables of an app's sessions. */
export async function dropTablesOf(app: INestApplication): Promise<void> {
  const { runner, dialect, tableName, schema } = app.get(DatabaseContext, { strict: false });
  await dropTables(dialect.name, runner.run, tableName, schema);
}
