import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RaceConfigError } from '../race.errors.js';
import type { RaceConfig } from '../targets/race-config.js';

/**
 * Reads a config: a JSON file, or a module whose default export it is.
 *
 * @throws RaceConfigError if the file cannot be read, or holds no object
 */
export async function readConfig(file: string): Promise<RaceConfig> {
  const config = await load(file);
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config;
  throw new RaceConfigError(`${file} holds ${JSON.stringify(config)}. Give an object, in JSON or as the default export of a module.`);
}

async function load(file: string): Promise<unknown> {
  try {
    if (file.endsWith('.json')) return JSON.parse(await readFile(file, 'utf8'));
    return ((await import(pathToFileURL(resolve(file)).href)) as { default?: unknown }).default;
  } catch (error) {
    throw new RaceConfigError(`The config ${file} cannot be read: ${(error as Error).message}`);
  }
}
