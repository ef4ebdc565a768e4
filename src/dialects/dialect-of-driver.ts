import type { Dialect } from './dialect.js';
import type { DialectName } from '../shared/dialect-name.js';
import { DIALECTS } from './index.js';

/**
 * Finds the dialect of one of MikroORM's drivers, or of a class that extends one.
 *
 * @param driver the driver's class
 * @param given the dialect that the app names; it is trusted if the class is none of the installed drivers
 * @returns undefined for a driver without a dialect
 */
export async function dialectOfDriver(driver: unknown, given?: DialectName): Promise<Dialect | undefined> {
  const [own, ...extended] = lineOf(driver);
  if (!own) return undefined;
  return byName([own]) ?? (await byClass([own, ...extended])) ?? (given ? DIALECTS[given] : byName(extended));
}

/** Returns a class and its base classes. */
function lineOf(driver: unknown): Function[] {
  const line: Function[] = [];
  for (let one = driver; typeof one === 'function' && one !== Function.prototype; one = Object.getPrototypeOf(one)) line.push(one);
  return line;
}

function byName(classes: readonly Function[]): Dialect | undefined {
  const dialects = Object.values(DIALECTS).flatMap((dialect) => dialect.drivers.map(({ driver }) => [driver, dialect] as const));
  return nearest(classes, dialects, ({ name }) => name);
}

/** Compares classes, because a bundler may have renamed them. The most derived class is tried first: MariaDB's driver extends MySQL's. */
async function byClass(classes: readonly Function[]): Promise<Dialect | undefined> {
  return nearest(classes, await installed(), (one) => one);
}

function nearest<Key>(
  classes: readonly Function[],
  dialects: readonly (readonly [Key, Dialect])[],
  keyOf: (one: Function) => Key,
): Dialect | undefined {
  const byKey = new Map(dialects);
  return classes.map((one) => byKey.get(keyOf(one))).find((found) => found !== undefined);
}

async function installed(): Promise<(readonly [unknown, Dialect])[]> {
  const loads = Object.values(DIALECTS).flatMap((dialect) =>
    dialect.drivers.map(async ({ driver, load }) => [(await load())[driver], dialect] as const),
  );
  const settled = await Promise.allSettled(loads);
  return settled.flatMap((load) => (load.status === 'fulfilled' ? [load.value] : []));
}
