import { LAYOUT, leaseTableOf } from '../../dialects/table-layout.js';
import type { SmartSessionModuleOptions } from '../../options/module-options.js';
import { SmartSessionOptions } from '../../options/smart-session.options.js';
import { contextOf, inspectDatabase, type Place } from '../../persistence/open-database.js';
import { checkLayout, findTable, shownName, warningOfLayout } from '../../persistence/table-check.js';
import { checkSchema } from '../../persistence/table-creation.js';
import { messageOf } from '../error-message.js';
import { openOrm } from '../open-orm.js';
import { withTable } from '../open-sessions.js';
import { readSettings, type CommonGiven } from '../settings.js';
import { failed, ok, report, type Check } from './check.js';
import type { Checked, CheckedTable } from './checked.js';
import { checkKeys } from './encryption.checks.js';
import { checkOptions } from './options.checks.js';
import { checkClock, checkCluster, checkConnection, checkIsolation, checkPacket, checkVersion, nameDatabase } from './server.checks.js';
import {
  checkBacklog,
  checkDeviceColumns,
  checkFillfactor,
  checkIndexes,
  checkLockVersion,
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
  return [...ofOptions, ...(await checkDatabase(given, read, areGiven))];
}

async function checkDatabase(given: CommonGiven, read: SmartSessionModuleOptions, areGiven: boolean): Promise<readonly Check[]> {
  const checks: Check[] = [];
  try {
    const orm = read.connection || read.client ? undefined : await openOrm(given.contextName ?? read.contextName, given.config);
    try {
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
    checks.push(failed('connection', messageOf(error)));
  }
  return checks;
}

async function checkTable(checked: Checked, place: Place, areGiven: boolean): Promise<readonly Check[]> {
  const { dialect, runner, options, schema } = checked;
  const { tableName } = options;
  try {
    if (schema !== undefined) await checkSchema(dialect, runner, schema);
    const found = await findTable(dialect, runner, tableName, schema);
    const { columns, layout } = found;
    checkLayout(layout, tableName, schema);
    const table: CheckedTable = { ...checked, columns, hasLeases: layout.hasLeases, context: contextOf(place, options, found) };
    const warning = warningOfLayout(layout, tableName, schema);
    const name = shownName(tableName, schema);
    return [
      warning === undefined
        ? ok('table', `${name}, with layout ${LAYOUT}`)
        : { ...ok('table', warning.replace(/\.$/, '')), status: 'warn' },
      layout.hasLeases
        ? ok('table of leases', shownName(leaseTableOf(tableName), schema))
        : report(
            'warn',
            'table of leases',
            'there is none, so that `once` and locks with a name throw an error',
            'Run `npx smart-session create-table --upgrade`.',
          ),
      ...(await examineAllOf(OF_TABLE, table)),
      ...(areGiven ? await examineAllOf([['encrypted sessions', checkKeys]], table) : []),
    ];
  } catch (error) {
    return [failed('table', messageOf(error))];
  }
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
