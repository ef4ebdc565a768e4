import { INSPECTIONS } from '../../dialects/inspections.js';
import { LAYOUT, LEASE_COLUMNS, layoutOf, leaseTableOf, type TableLayout } from '../../dialects/table-layout.js';
import type { SmartSessionModuleOptions } from '../../options/module-options.js';
import { SmartSessionOptions } from '../../options/smart-session.options.js';
import { contextOf, inspectDatabase, type Place } from '../../persistence/open-database.js';
import { checkLayout, findTable, shownName, warningOfLayout } from '../../persistence/table-check.js';
import { checkSchema } from '../../persistence/table-creation.js';
import { messageOf } from '../error-message.js';
import { openOrm } from '../open-orm.js';
import { withTable } from '../open-sessions.js';
import { refuseOtherDialect } from '../refuse-other-dialect.js';
import { readSettings, type CommonGiven } from '../settings.js';
import { UsageError } from '../usage-error.js';
import { failed, ok, report, type Check } from './check.js';
import type { Checked, CheckedTable } from './checked.js';
import { checkKeys } from './encryption.checks.js';
import { checkOptions } from './options.checks.js';
import { checkClock, checkCluster, checkConnection, checkIsolation, checkPacket, checkVersion, nameDatabase } from './server.checks.js';
import {
  adviceForGrants,
  checkBacklog,
  checkColumnTypes,
  checkDeviceColumns,
  checkFillfactor,
  checkIndexes,
  checkLockVersion,
  checkLogged,
  checkRights,
  checkTableRequirements,
} from './table.checks.js';

/** A named check. If it throws, it has failed. */
type Examination<Subject> = readonly [name: string, examine: (subject: Subject) => Promise<Check | readonly Check[]>];

const OF_SERVER: readonly Examination<Checked>[] = [
  ['version', checkVersion],
  ['database', nameDatabase],
  ['settings', checkConnection],
  ['isolation', checkIsolation],
  ['packet', checkPacket],
  ['cluster', checkCluster],
  ['clock', checkClock],
];

const OF_TABLE: readonly Examination<CheckedTable>[] = [
  ['locking', checkLockVersion],
  ['devices', checkDeviceColumns],
  ['table', checkTableRequirements],
  ['column types', checkColumnTypes],
  ['durability', checkLogged],
  ['indexes', checkIndexes],
  ['rights', checkRights],
  ['fillfactor', checkFillfactor],
  ['expired', checkBacklog],
];

/**
 * Checks the options, the server and the table. If a check fails, the checks that depend on it are left out.
 *
 * @throws UsageError for a wrong command line
 */
export async function diagnose(given: CommonGiven): Promise<readonly Check[]> {
  const { exported, options: read } = await readSettings(given);
  const areGiven = given.options !== undefined;
  let options: SmartSessionOptions;
  try {
    options = new SmartSessionOptions(read);
  } catch (error) {
    return [failed('options', messageOf(error))];
  }
  const ofOptions = areGiven ? checkOptions(exported, options) : [];
  return [...ofOptions, ...(await checkDatabase(given, exported, read, areGiven))];
}

async function checkDatabase(
  given: CommonGiven,
  exported: SmartSessionModuleOptions,
  read: SmartSessionModuleOptions,
  areGiven: boolean,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  try {
    const orm = read.connection || read.client ? undefined : await openOrm(given.contextName ?? read.contextName, given.config);
    try {
      await refuseOtherDialect(given, exported, orm);
      const options = new SmartSessionOptions({ ...withTable(read, orm), contextName: undefined });
      await inspectDatabase(options, orm, async (place) => {
        checks.push(ok('connection', place.dialect.name));
        const checked = { ...place, options };
        checks.push(...(await examineAllOf(OF_SERVER, checked)), ...(await checkTable(checked, place, areGiven)));
      });
    } finally {
      await orm?.close();
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    checks.push(failed('connection', messageOf(error)));
  }
  return checks;
}

async function checkTable(checked: Checked, place: Place, areGiven: boolean): Promise<readonly Check[]> {
  const { dialect, runner, options, schema } = checked;
  const { tableName } = options;
  try {
    const hidden = await hiddenTable('table', tableName, checked);
    if (hidden) return [hidden];
    if (schema !== undefined) await checkSchema(dialect, runner, schema);
    const found = await findTable(dialect, runner, tableName, schema);
    const { columns, layout } = found;
    const hiddenLeases = layout.hasLeases ? undefined : await hiddenTable('table of leases', leaseTableOf(tableName), checked);
    // Nothing is known about a table that the user does not see, so the layout is that of the columns.
    const seen = hiddenLeases ? layoutOf(columns, LEASE_COLUMNS.map(nameOf)) : layout;
    checkLayout(seen, tableName, schema);
    const table: CheckedTable = { ...checked, columns, hasLeases: layout.hasLeases, context: contextOf(place, options, found) };
    return [
      checkOfLayout(seen, tableName, schema),
      hiddenLeases ?? checkOfLeases(layout, tableName, schema),
      ...(await examineAllOf(OF_TABLE, table)),
      ...(areGiven ? await examineAllOf([['encrypted sessions', checkKeys]], table) : []),
    ];
  } catch (error) {
    return [failed('table', messageOf(error))];
  }
}

const nameOf = ({ name }: { readonly name: string }) => name;

/** Reports a table that the user does not see, so that it looks as if it were missing. */
async function hiddenTable(name: string, table: string, { dialect, runner, schema }: Checked): Promise<Check | undefined> {
  const { hiddenBy, grants } = INSPECTIONS[dialect.name];
  const place = { table, schema };
  const reason = await hiddenBy?.(runner.run, place);
  return reason === undefined ? undefined : report('fail', name, reason, adviceForGrants(await grants?.(runner.run, place)));
}

function checkOfLayout(layout: TableLayout, tableName: string, schema: string | undefined): Check {
  const warning = warningOfLayout(layout, tableName, schema);
  if (warning === undefined) return ok('table', `${shownName(tableName, schema)}, with layout ${LAYOUT}`);
  return { ...ok('table', warning.replace(/\.$/, '')), status: 'warn' };
}

function checkOfLeases({ hasLeases }: TableLayout, tableName: string, schema: string | undefined): Check {
  if (hasLeases) return ok('table of leases', shownName(leaseTableOf(tableName), schema));
  return report(
    'warn',
    'table of leases',
    'there is none, so that `once` and locks with a name throw an error',
    'Run `npx smart-session create-table --upgrade`.',
  );
}

async function examineAllOf<Subject>(examinations: readonly Examination<Subject>[], subject: Subject): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [name, examine] of examinations) {
    try {
      checks.push(...[await examine(subject)].flat());
    } catch (error) {
      checks.push(failed(name, messageOf(error)));
    }
  }
  return checks;
}
