import { relative, resolve } from 'node:path';
import { DIALECTS } from '../../dialects/index.js';
import { DEFAULT_TABLE } from '../../options/option-table.js';
import { formatFor, languageOfApp } from '../migration/formats.js';
import { planMigration } from '../migration/write-migration.js';
import type { App } from './app.js';
import type { Choices } from './choices.js';
import { textOf, type FileChange } from './file-change.js';

/** A migration that `init` writes. */
export interface MigrationChanges {
  readonly changes: readonly FileChange[];
  /** How to run it, or that it exists. */
  readonly advice: string;
}

/** Plans the migration in the format of the app's tool. There is nothing to change if the folder has such a migration. */
export async function planMigrationChanges(app: App, choices: Choices, folder: string): Promise<MigrationChanges> {
  const { directory, orm } = app;
  const format = await formatFor(orm?.format ?? 'sql', directory);
  const target = { folder: resolve(directory, folder), format, language: await languageOfApp(directory) };
  const { dialect, tableName = DEFAULT_TABLE, schema } = choices;
  const { existing, file, listing } = await planMigration(target, DIALECTS[dialect], tableName, schema);
  const shown = (path: string) => relative(directory, path);
  if (existing !== undefined)
    return { changes: [], advice: `${shown(existing)} creates the tables already. If it has not run yet, ${lowered(format.advice)}` };
  const changes: FileChange[] = [{ path: shown(file.path), before: undefined, after: file.text }];
  if (listing)
    changes.push({
      path: shown(listing.path),
      before: await textOf(listing.path),
      after: listing.text,
    });
  return { changes, advice: format.advice.replace('Run it', 'Run the migration') };
}

function lowered(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
