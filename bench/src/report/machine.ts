import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import type { StoreDefinition } from '../stores/store-definition.js';

/** The machine and the software of the measurements. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** The versions that run the app in the scenarios of other versions of Node. */
  readonly otherNodes?: readonly string[];
  /** By database. */
  readonly databases: Readonly<Record<string, string>>;
  /** By package. */
  readonly packages: Readonly<Record<string, string>>;
}

/** Describes this machine and the packages of the stores. */
export function describeMachine(
  databases: Readonly<Record<string, string>>,
  stores: readonly StoreDefinition[],
  otherNodes: readonly string[] = [],
): Machine {
  const names = new Set(['@nestjs/core', 'express-session', 'autocannon', ...stores.flatMap(({ packages }) => packages)]);
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    ...(otherNodes.length > 0 && { otherNodes }),
    databases,
    packages: Object.fromEntries([...names].toSorted().map((name) => [name, versionOf(name)])),
  };
}

function versionOf(name: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const version = readVersion(join(folder, name, 'package.json'));
    if (version) return version;
  }
  return 'unknown';
}

function readVersion(file: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
}
