import { existsSync, readFileSync } from 'node:fs';
import { programVersion } from './servers/programs.js';

/** The version of an installed package. This library and its packages are those of the repository. */
export function versionOf(name) {
  if (name === 'php') return programVersion('php');
  const own = name === 'nestjs-smart-session' ? '../../../package.json' : undefined;
  const files = [own ?? `node_modules/${name}/package.json`, `../../../node_modules/${name}/package.json`];
  const file = files.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
