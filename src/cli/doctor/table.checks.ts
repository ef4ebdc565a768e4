import { INSPECTIONS } from '../../dialects/inspections.js';
import { qualifiedName } from '../../dialects/qualified-name.js';
import { RIGHTS, type Inspection, type TableIndex, type TablePlace } from '../../dialects/inspection.js';
import { FIRST_LAYOUT, LEASE_COLUMNS, SESSION_COLUMNS, layoutOf, leaseTableOf, type TableColumn } from '../../dialects/table-layout.js';
import { examineAll } from '../../persistence/database-requirements.js';
import { checkDevices, checkLocking } from '../../persistence/table-check.js';
import { reasonIn } from '../../shared/redaction.js';
import { expiredBacklog } from '../expired-backlog.js';
import { count, inFigures } from '../plural.js';
import { ok, report, type Check } from './check.js';
import type { Checked, CheckedTable } from './checked.js';
import { checkOf } from './server.checks.js';

const DAY = 24 * 60 * 60_000;

/** A backlog with more rows means that the pruner does not keep up, or does not run. */
const MOST_EXPIRED = 10_000;

/** In percent. Pages of a new table are filled up to this. */
const ROOMY = 90;

/** Checks that the table has the column that the option `locking` needs. */
export async function checkLockVersion({ columns, options, schema }: CheckedTable): Promise<Check> {
  checkLocking(columns, options, schema);
  if (columns.includes('lock_version')) return ok('locking', `${options.locking}, with the column lock_version`);
  return ok('locking', `${options.locking}, without the column lock_version: each commit locks its row`);
}

/** Checks that the table has the columns that the option `devices` needs. */
export async function checkDeviceColumns({ options, schema, columns, hasLeases }: CheckedTable): Promise<Check[]> {
  if (!options.devices) return [];
  checkDevices(layoutOf(columns, hasLeases ? LEASE_COLUMNS.map(({ name }) => name) : []), options, schema);
  const { ip } = options.devices;
  return [ok('devices', ip === undefined ? 'user agents are stored' : `user agents and ${ip} IP addresses are stored`)];
}

/** Checks the properties of the table, such as its engine. */
export async function checkTableRequirements({ dialect, runner, options, schema }: CheckedTable): Promise<Check[]> {
  const requirements = dialect.tableRequirements?.(qualifiedName(dialect.quote, options.tableName, schema));
  if (!requirements) return [];
  const examined = await examineAll(runner.run, requirements, [schema ?? null, options.tableName]);
  return examined.map(checkOf);
}

/** Checks the types of the columns. Databases other than SQLite refuse a value that is too long, and cut fractions of seconds off. */
export async function checkColumnTypes(table: CheckedTable): Promise<Check[]> {
  const { dialect, runner, options } = table;
  const inspection = INSPECTIONS[dialect.name];
  const checks: Check[] = [];
  for (const { place, columns, suffix } of tablesOf(table)) {
    const types = await inspection.columnTypes(runner.run, place);
    for (const column of columns) {
      const type = types.get(column.name);
      if (type === undefined || inspection.fits(column, type, options.maxBytes)) continue;
      const harm = 'so that values are refused or changed';
      checks.push(report('fail', `type of ${column.name}${suffix}`, `it is ${type}, ${harm}`, inspection.changeType(place, column)));
    }
  }
  return checks.length > 0 ? checks : [ok('column types', 'each one keeps its values')];
}

/** Checks that PostgreSQL keeps the tables if it crashes. */
export async function checkLogged(table: CheckedTable): Promise<Check[]> {
  const { dialect, runner } = table;
  const inspection = INSPECTIONS[dialect.name];
  const checks: Check[] = [];
  for (const { place, suffix } of tablesOf(table)) {
    if (!(await inspection.isUnlogged?.(runner.run, place))) continue;
    const statement = `alter table ${qualifiedName(dialect.quote, place.table, place.schema)} set logged`;
    const found = 'the table is unlogged, so that a crash of the server empties it, and standbys do not have it';
    checks.push(report('warn', `durability${suffix}`, found, `Run: ${statement}.`));
  }
  return checks;
}

/** A table of the sessions, and what a check of it is named after. */
interface OwnTable {
  readonly place: TablePlace;
  readonly columns: readonly TableColumn[];
  readonly suffix: '' | ' of leases';
}

function tablesOf({ options, schema, hasLeases }: CheckedTable): readonly OwnTable[] {
  const { tableName } = options;
  return [
    { place: { table: tableName, schema }, columns: SESSION_COLUMNS, suffix: '' },
    ...(hasLeases ? [{ place: { table: leaseTableOf(tableName), schema }, columns: LEASE_COLUMNS, suffix: ' of leases' } as const] : []),
  ];
}

/** Checks the primary keys and the indexes. */
export async function checkIndexes(table: CheckedTable): Promise<Check[]> {
  const { dialect, runner } = table;
  const inspection = INSPECTIONS[dialect.name];
  const checks: Check[] = [];
  for (const { place, suffix } of tablesOf(table)) {
    const found = await inspection.indexes(runner.run, place.table, place.schema);
    const wanted = suffix === '' ? 'session_id' : 'session_id, name';
    checks.push(checkPrimaryKey(`primary key${suffix}`, place, found, wanted, inspection));
    if (suffix === '') checks.push(...INDEXED.map(([column, need]) => checkIndex(column, need, place, found, inspection)));
  }
  return checks;
}

const INDEXED = [
  ['user_id', '`list` and `destroyAll` read'],
  ['expires_at', 'the pruner reads'],
] as const;

function checkIndex(column: string, need: string, place: TablePlace, found: readonly TableIndex[], inspection: Inspection): Check {
  const name = `index on ${column}`;
  const onColumn = found.filter(({ columns: [first] }) => first === column);
  const [unused] = onColumn;
  const harm = `so that ${need} the whole table`;
  if (onColumn.some(({ isUsed }) => isUsed)) return ok(name, 'there is one');
  if (unused) return report('warn', name, `the database does not use ${unused.name}, ${harm}`, inspection.repairOf!(unused, place));
  return report('warn', name, `there is none, ${harm}`, `Create it: ${inspection.createIndex(place, column)}.`);
}

function checkPrimaryKey(name: string, place: TablePlace, found: readonly TableIndex[], wanted: string, inspection: Inspection): Check {
  const now = found.find(({ isPrimary }) => isPrimary);
  const key = now?.columns.join(', ');
  if (key === wanted) return ok(name, wanted);
  const what = key === undefined ? 'there is none' : `it is (${key})`;
  return report('fail', name, `${what}, so that a key can be stored twice`, inspection.primaryKeyOn(place, wanted, now));
}

/** Checks that the user of the connection may do what the library does. The statements find no row, and are rolled back. */
export async function checkRights(checked: CheckedTable): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { place, columns, suffix } of tablesOf(checked)) {
    const name = suffix === '' ? 'rights' : 'rights on leases';
    const needed = suffix === '' ? FIRST_LAYOUT.filter(({ constraint }) => constraint === 'not null') : columns;
    const names = needed.map((column) => column.name);
    checks.push(await checkRightsOn(name, place, names, checked));
  }
  return checks;
}

async function checkRightsOn(name: string, place: TablePlace, columns: readonly string[], { dialect, runner }: Checked): Promise<Check> {
  const attempt = (sql: string) =>
    runner.onOneConnection(async (run) => {
      await run(dialect.begin);
      try {
        await run(sql);
      } finally {
        await run(dialect.rollback).catch(() => undefined);
      }
    });
  const refused: { readonly right: string; readonly error: unknown }[] = [];
  for (const [right, sql] of statementsFor(qualifiedName(dialect.quote, place.table, place.schema), columns))
    await attempt(sql).catch((error: unknown) => refused.push({ right, error }));
  if (refused.length === 0) return ok(name, RIGHTS);
  const { isReadOnly, adviceForReadOnly, grants } = INSPECTIONS[dialect.name];
  const readOnly = refused.find(({ error }) => isReadOnly(error));
  if (readOnly) return report('fail', name, `the database only reads: ${reasonIn(readOnly.error)}`, adviceForReadOnly);
  const reasons = refused.map(({ right, error }) => `${right} (${reasonIn(error)})`).join(', ');
  return report('fail', name, `refused: ${reasons}`, adviceForGrants(await grants?.(runner.run, place)));
}

/** Returns the advice to run these statements. */
export function adviceForGrants(statements: readonly string[] = []): string {
  return statements.length === 0 ? 'Give the user of the process the right to the file.' : `Grant them: ${statements.join('; ')}.`;
}

function statementsFor(table: string, columns: readonly string[]): [right: string, sql: string][] {
  const all = columns.join(', ');
  const [, second] = columns;
  return [
    ['select', `select ${all} from ${table} where 1 = 0`],
    ['insert', `insert into ${table} (${all}) select ${all} from ${table} where 1 = 0`],
    ['update', `update ${table} set ${second} = ${second} where 1 = 0`],
    ['delete', `delete from ${table} where 1 = 0`],
  ];
}

/** Checks that PostgreSQL leaves room on the pages. */
export async function checkFillfactor({ dialect, runner, options, schema }: CheckedTable): Promise<Check[]> {
  const fillfactor = await INSPECTIONS[dialect.name].fillfactor?.(runner.run, options.tableName, schema);
  if (fillfactor === undefined) return [];
  if (fillfactor <= ROOMY) return [ok('fillfactor', `${fillfactor}`)];
  const statement = `alter table ${qualifiedName(dialect.quote, options.tableName, schema)} set (fillfactor = 70)`;
  return [
    report(
      'warn',
      'fillfactor',
      `${fillfactor}, so that many updates write the indexes too`,
      `Run: ${statement}. It applies to new pages.`,
    ),
  ];
}

/** Checks that expired sessions are deleted. */
export async function checkBacklog({ context }: CheckedTable): Promise<Check> {
  const { rows, age } = await expiredBacklog(context);
  const days = age >= DAY ? `, the oldest for ${count(Math.floor(age / DAY), 'day')}` : '';
  const backlog = `${inFigures(rows)} expired ${rows === 1 ? 'session is' : 'sessions are'} not pruned${days}`;
  if (rows <= MOST_EXPIRED && age < DAY) return ok('expired', backlog);
  return report(
    'warn',
    'expired',
    backlog,
    'Leave `pruneInterval` on in a process that keeps running, or run `npx smart-session prune` regularly.',
  );
}
