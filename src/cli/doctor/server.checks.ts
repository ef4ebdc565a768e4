import { INSPECTIONS } from '../../dialects/inspections.js';
import { examineAll, type Examined } from '../../persistence/database-requirements.js';
import { inFigures } from '../plural.js';
import type { Checked } from './checked.js';
import { ok, report, type Check } from './check.js';

/** In ms. The cookie's expiry is computed by this machine's clock, and the row's by the database's. */
const MOST_CLOCK_DIFFERENCE = 1000;

/** Returns the numbers at the beginning of a version, such as 10 and 11 of `10.11.18-MariaDB`. */
function numbersOf(version: string): number[] {
  return (/\d+(\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}

/** Whether a version is older than another one. */
export function isOlder(version: string, than: readonly number[]): boolean {
  const numbers = numbersOf(version);
  const differing = than.findIndex((number, n) => number !== (numbers[n] ?? 0));
  return differing >= 0 && (numbers[differing] ?? 0) < than[differing]!;
}

/** Checks the version of the server. */
export async function checkVersion({ dialect, runner }: Checked): Promise<Check> {
  const inspection = INSPECTIONS[dialect.name];
  const version = await inspection.version(runner.run);
  // The driver of MySQL also works on MariaDB, which has other numbers.
  const { oldestTested } = /mariadb/i.test(version) ? INSPECTIONS.mariadb : inspection;
  if (!isOlder(version, oldestTested)) return ok('version', `${dialect.name} ${version}`);
  return report(
    'warn',
    'version',
    `${dialect.name} ${version} is older than ${oldestTested.join('.')}, the oldest tested version`,
    'Use a newer server, or run the tests of this package on yours.',
  );
}

/** Names the database, which may be another one than the operator expects. SQLite has a file, which the options name. */
export async function nameDatabase({ dialect, runner }: Checked): Promise<Check[]> {
  if (!dialect.connectionRequirements) return [];
  const { rows } = await runner.run(dialect.connectionRequirements.sql);
  return [ok('database', String(rows[0]?.current_database))];
}

/** Checks the settings of a connection, after those that the library sets itself. */
export async function checkConnection({ dialect, runner }: Checked): Promise<Check[]> {
  const { connectionRequirements, connectionSettings, serverRequirements } = dialect;
  return runner.onOneConnection(async (run) => {
    if (connectionSettings !== undefined) await run(connectionSettings);
    const examined = [
      ...(connectionRequirements ? await examineAll(run, connectionRequirements) : []),
      ...(serverRequirements ? await examineAll(run, serverRequirements) : []),
    ];
    return examined.map(checkOf);
  });
}

/** Returns the check of a requirement. */
export function checkOf({ name, value, isFulfilled, harm, advice }: Examined): Check {
  const shown = value === '' ? 'empty' : value;
  return isFulfilled ? ok(name, shown) : report('fail', name, `${shown}, so that ${harm}`, advice);
}

/** Sessions work at each isolation level. */
export async function checkIsolation({ dialect, runner }: Checked): Promise<Check> {
  return ok('isolation', await INSPECTIONS[dialect.name].isolation(runner.run));
}

/** Compares the clock of the database with that of this machine, in the middle of the statement. */
export async function checkClock({ dialect, runner }: Checked): Promise<Check> {
  const before = Date.now();
  const { rows } = await runner.run(`select ${dialect.sinceEpoch(dialect.now)} as now_ms`);
  const here = (before + Date.now()) / 2;
  const ahead = Math.round(Number(rows[0]?.now_ms) - here);
  const difference = `the database is ${inFigures(Math.abs(ahead))} ms ${ahead < 0 ? 'behind' : 'ahead of'} this machine`;
  if (Math.abs(ahead) <= MOST_CLOCK_DIFFERENCE) return ok('clock', difference);
  return report(
    'warn',
    'clock',
    difference,
    'Synchronize both clocks by NTP: cookies end by the clock of the app, and sessions by that of the database.',
  );
}

/** Checks that a session of the greatest allowed size fits into a statement. */
export async function checkPacket({ dialect, runner, options }: Checked): Promise<Check[]> {
  if (!dialect.largestStatement) return [];
  const packet = await dialect.largestStatement(runner.run);
  const sizes = `max_allowed_packet is ${inFigures(packet)} bytes, and maxBytes ${inFigures(options.maxBytes)} bytes`;
  if (options.maxBytes <= packet) return [ok('packet', sizes)];
  return [report('fail', 'packet', sizes, "Raise the server's max_allowed_packet, ideally to twice `maxBytes`, or lower `maxBytes`.")];
}

/** Warns about settings of a cluster. */
export async function checkCluster({ dialect, runner }: Checked): Promise<Check[]> {
  const warnings = (await dialect.clusterWarnings?.(runner.run)) ?? [];
  return warnings.map((warning) => ({ name: 'cluster', status: 'warn', found: warning.replace(/\.$/, ''), remedy: null }));
}
