import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DialectName } from '../dialects/dialect.js';
import type { SmartSessionModuleOptions } from '../smart-session.options.js';
import type { Given } from './cli-option.js';
import type { COMMON_OPTIONS } from './common-options.js';
import { UsageError } from './usage-error.js';

/** What the command line says of the app. */
export type CommonGiven = Given<typeof COMMON_OPTIONS>;

/**
 * The options of the app's sessions: those of the file, and in their place what the command line says itself. What the
 * app decides for its own process is another here: nothing is signed, pruned unasked, or made, and nobody is told of it.
 *
 * @throws UsageError for a file that does not export them
 */
export async function readSessionOptions({ options: file, dialect, table, schema }: CommonGiven): Promise<SmartSessionModuleOptions> {
  const exported = file === undefined ? {} : await importOptions(file);
  const secret = exported.secret ?? process.env.SESSION_SECRET ?? randomBytes(32).toString('base64');
  const given = { dialect: dialect as DialectName | undefined, tableName: table, schema };
  return { ...exported, secret, pruneInterval: false, createTable: false, events: undefined, telemetry: false, ...onlyGiven(given) };
}

function onlyGiven(options: SmartSessionModuleOptions): SmartSessionModuleOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function importOptions(file: string): Promise<SmartSessionModuleOptions> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`--options: there is no file ${file}.`);
  const exported = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  const found = await (exported.default ?? onlyExport(file, exported));
  if (typeof found === 'object' && found !== null) return found;
  throw new UsageError(`--options: ${file} exports a value of type ${typeof found}. Export the options as an object, or a promise of it.`);
}

function onlyExport(file: string, exported: Readonly<Record<string, unknown>>): unknown {
  const names = Object.keys(exported);
  if (names.length === 1) return exported[names[0]!];
  throw new UsageError(`--options: ${file} exports ${names.join(', ') || 'nothing'}. Export the options as its default, or alone.`);
}
