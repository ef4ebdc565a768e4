import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { DialectName } from '../shared/dialect-name.js';
import type { SmartSessionModuleOptions } from '../options/module-options.js';
import { flawIn } from '../options/smart-session.options.js';
import type { Given } from './cli-option.js';
import type { COMMON_OPTIONS } from './common-options.js';
import { importOptions } from './options-module.js';
import { UsageError } from './usage-error.js';

/** The file of the options for the command line, as `init` prints it. Node needs no compiler for it, in any app. */
export const OPTIONS_FILE = 'smart-session.options.mjs';

/** Returns the command line with the usual file of the options, if none is named and there is one. */
export function withUsualOptions<Options extends object>(given: Options): Options {
  const { options, config } = given as { readonly options?: string; readonly config?: unknown };
  return options === undefined && config === undefined && existsSync(OPTIONS_FILE) ? { ...given, options: OPTIONS_FILE } : given;
}

/** The common options as given on the command line. */
export type CommonGiven = Given<typeof COMMON_OPTIONS>;

/**
 * Reads the options of the app's sessions from the file. The command line overrides them. Options that concern the app's own
 * process are replaced: the command does not sign, prune, create the table or publish events by itself.
 *
 * @throws UsageError for a file that does not export options, and for an unknown dialect
 */
export async function readSessionOptions(given: CommonGiven): Promise<SmartSessionModuleOptions> {
  return (await readSettings(given)).options;
}

/** The options of the app's sessions. */
export interface Settings {
  /** As the app gives them; empty without a file. */
  readonly exported: SmartSessionModuleOptions;
  /** As `readSessionOptions` returns them. */
  readonly options: SmartSessionModuleOptions;
}

/** Does the same as `readSessionOptions`, and also returns the options as the app gives them. */
export async function readSettings({ options: file, dialect, table, schema }: CommonGiven): Promise<Settings> {
  for (const [option, name, value] of [
    ['dialect', 'dialect', dialect],
    ['table', 'tableName', table],
    ['schema', 'schema', schema],
  ] as const) {
    const expected = value === undefined ? undefined : flawIn(name, value);
    if (expected !== undefined) throw new UsageError(`--${option}: "${value}" was given. ${expected}`);
  }
  const exported = file === undefined ? {} : await importOptions(file);
  const secret = exported.secret ?? process.env.SESSION_SECRET ?? randomBytes(32).toString('base64');
  const given = { dialect: dialect as DialectName | undefined, tableName: table, schema };
  const replaced = { secret, pruneInterval: false, createTable: false, events: undefined, telemetry: false } as const;
  return { exported, options: { ...exported, ...replaced, ...onlyGiven(given) } };
}

function onlyGiven(options: SmartSessionModuleOptions): SmartSessionModuleOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
