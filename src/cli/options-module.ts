import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SmartSessionModuleOptions } from '../options/module-options.js';
import { isOption } from '../options/smart-session.options.js';
import { messageOf } from './error-message.js';
import { UsageError } from './usage-error.js';

type Exports = Readonly<Record<string, unknown>>;

/**
 * Imports the options that a module exports, as its default or as its only export. They are an object, a promise, or a function
 * that returns one. The module may be an ES module, CommonJS, or TypeScript if Node strips types.
 *
 * @throws UsageError for a file that does not export them, and an Error with the file's name for one that cannot be loaded
 */
export async function importOptions(file: string): Promise<SmartSessionModuleOptions> {
  const path = resolve(file);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new UsageError(`--options: there is no file ${file}.`);
  if (stats.isDirectory()) throw new UsageError(`--options: "${file}" is a folder. Give the file of a module.`);
  const exported = only(file, await loading(file, () => import(pathToFileURL(path).href) as Promise<Exports>));
  const found: unknown = await loading(file, () => (typeof exported === 'function' ? exported() : exported));
  if (typeof found === 'object' && found !== null) return found;
  throw new UsageError(
    `--options: ${file} exports a value of type ${found === null ? 'null' : typeof found}. Export the options as an object, a promise of it, or a function that returns it.`,
  );
}

/** Names the file in an error of the app's own code, which would otherwise look like one of this program. */
async function loading<Result>(file: string, load: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await load();
  } catch (error) {
    throw new Error(`--options: ${file} cannot be loaded: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Returns the default, or the only export. The default of a CommonJS module is its `exports`, in which a compiler puts the
 * module's own default.
 */
function only(file: string, exported: Exports): unknown {
  const value = 'default' in exported ? exported.default : onlyOf(file, exported);
  if (!isExports(value)) return value;
  return 'default' in value ? value.default : onlyOf(file, value);
}

/** Whether a default is the `exports` of a CommonJS module, not the options. Its names tell. */
function isExports(value: unknown): value is Exports {
  if (typeof value !== 'object' || value === null) return false;
  const names = Object.keys(value);
  return '__esModule' in value || (names.length > 0 && !names.some(isOption));
}

function onlyOf(file: string, exported: Exports): unknown {
  const names = Object.keys(exported);
  if (names.length === 1) return exported[names[0]!];
  throw new UsageError(
    `--options: ${file} exports ${names.join(', ') || 'nothing'}. Export the options as the default, or as the only export.`,
  );
}
