import { INSPECTIONS } from '../../dialects/inspections.js';
import { qualifiedName } from '../../dialects/qualified-name.js';
import { LEASE_COLUMNS, layoutOf, leaseTableOf } from '../../dialects/table-layout.js';
import { examineAll } from '../../persistence/database-requirements.js';
import { checkDevices, checkLocking, shownName } from '../../persistence/table-check.js';
import { reasonIn } from '../../shared/redaction.js';
import { expiredBacklog } from '../expired-backlog.js';
import { count, inFigures } from '../plural.js';
import { ok, report, type Check } from './check.js';
import type { CheckedTable } from './checked.js';
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
  if (!dialect.tableRequirements) return [];
  const examined = await examineAll(runner.run, dialect.tableRequirements, [schema ?? null, options.tableName]);
  return examined.map(checkOf);
}

/** Checks the primary keys and the indexes. */
export async function checkIndexes(table: CheckedTable): Promise<Check[]> {
  const { dialect, runner, options, schema, hasLeases } = table;
  const { tableName } = options;
  const { indexes } = INSPECTIONS[dialect.name];
  const own = await indexes(runner.run, tableName, schema);
  const leases = hasLeases ? await indexes(runner.run, leaseTableOf(tableName), schema) : undefined;
  const primaryKeyOf = (listed: typeof own) => listed.find(({ isPrimary }) => isPrimary)?.columns.join(', ');
  return [
    checkPrimaryKey('primary key', shownName(tableName, schema), primaryKeyOf(own), 'session_id'),
    ...(leases
      ? [checkPrimaryKey('primary key of leases', shownName(leaseTableOf(tableName), schema), primaryKeyOf(leases), 'session_id, name')]
      : []),
    ...INDEXED.map(([column, need]) => {
      const name = `index on ${column}`;
      if (own.some(({ columns: [first] }) => first === column)) return ok(name, 'there is one');
      const statement = `create index ${dialect.quote(`${tableName}_${column}_index`)} on ${qualifiedName(dialect.quote, tableName, schema)} (${column})`;
      return report('warn', name, `there is none, so that ${need} the whole table`, `Create it: ${statement}.`);
    }),
  ];
}

const INDEXED = [
  ['user_id', '`list` and `destroyAll` read'],
  ['expires_at', 'the pruner reads'],
] as const;

function checkPrimaryKey(name: string, table: string, key: string | undefined, wanted: string): Check {
  if (key === wanted) return ok(name, wanted);
  const what = key === undefined ? 'there is none' : `it is (${key})`;
  return report('fail', name, `${what}, so that a key can be stored twice`, `Create it: alter table ${table} add primary key (${wanted}).`);
}

/** Checks that the user of the connection may do what the library does. The statements find no row, and are rolled back. */
export async function checkRights({ dialect, runner, options, schema, hasLeases }: CheckedTable): Promise<Check[]> {
  const tables = [
    ['rights', options.tableName, ['session_id', 'data', 'created_at', 'updated_at', 'expires_at']],
    ...(hasLeases ? [['rights on leases', leaseTableOf(options.tableName), LEASE_COLUMNS.map(({ name }) => name)] as const] : []),
  ] as const;
  const attempt = (sql: string) =>
    runner.onOneConnection(async (run) => {
      await run(dialect.begin);
      try {
        await run(sql);
      } finally {
        await run(dialect.rollback).catch(() => undefined);
      }
    });
  const checks: Check[] = [];
  for (const [name, table, columns] of tables) {
    const refused: string[] = [];
    for (const [right, sql] of statementsFor(qualifiedName(dialect.quote, table, schema), columns))
      await attempt(sql).catch((error: unknown) => refused.push(`${right} (${reasonIn(error)})`));
    const advice = `Grant them: grant select, insert, update, delete on ${shownName(table, schema)}.`;
    checks.push(
      refused.length === 0 ? ok(name, 'select, insert, update, delete') : report('fail', name, `refused: ${refused.join(', ')}`, advice),
    );
  }
  return checks;
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
