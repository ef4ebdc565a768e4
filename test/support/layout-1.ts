import { readFileSync } from 'node:fs';
import type { DialectName, RunStatement } from '../../src/index.js';

type StatementName = 'load' | 'insert' | 'update' | 'updateLeased' | 'touch' | 'lease' | 'extend' | 'release' | 'list' | 'destroy';

/** The statements of the version that created tables of layout 1, exactly as it wrote them. They must not change. */
interface Layout1 {
  /** The statements that create the table. */
  readonly definition: readonly string[];
  readonly statements: Readonly<Record<StatementName, string>>;
}

/** Returns these statements for a table. */
export function layout1Of(dialect: DialectName, tableName: string): Layout1 {
  const text = readFileSync('test/support/layout-1.json', 'utf8').replaceAll('{table}', tableName);
  return (JSON.parse(text) as Record<DialectName, Layout1>)[dialect];
}

/** Creates a table of layout 1. */
export async function makeLayout1(dialect: DialectName, run: RunStatement, tableName: string): Promise<void> {
  for (const statement of layout1Of(dialect, tableName).definition) await run(statement);
}
