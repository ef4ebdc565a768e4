import { DEVICE_COLUMNS } from '../../codec/device-text.js';
import { keyIdsOf } from '../../codec/seal.js';
import { qualifiedName } from '../../dialects/qualified-name.js';
import { LAYOUT_WITH_DEVICES } from '../../dialects/table-layout.js';
import { isLive } from '../../persistence/expiry.js';
import { count } from '../plural.js';
import { ok, report, type Check } from './check.js';
import type { CheckedTable } from './checked.js';

/** Checks that the options have the keys of all live sessions and of their devices. */
export async function checkKeys(table: CheckedTable): Promise<Check[]> {
  return [...(await checkSessions(table)), ...(await checkDevices(table))];
}

async function checkSessions({ context, options }: CheckedTable): Promise<Check[]> {
  const sessions = await textsByKey(context, ['data']);
  const keyIds = options.encryption ? keyIdsOf(options.encryption.keys) : [];
  const sum = (isCounted: (keyId: string) => boolean) => [...sessions].reduce((all, [keyId, n]) => all + (isCounted(keyId) ? n : 0), 0);
  const unknown = [...sessions.keys()].filter((keyId) => keyId !== PLAIN && !keyIds.includes(keyId));
  const lost = sum((keyId) => unknown.includes(keyId));
  if (lost > 0)
    return [
      report(
        'fail',
        'encrypted sessions',
        `${count(lost, 'session')} cannot be decrypted, because the options lack the key ${unknown.join(', ')}`,
        'Add the key to `encryption.keys`, after the first one.',
      ),
    ];
  if (!options.encryption) return [];
  const plain = sessions.get(PLAIN) ?? 0;
  if (plain > 0 && !options.encryption.readPlaintext)
    return [
      report(
        'fail',
        'encrypted sessions',
        `${count(plain, 'session')} with plain data, which the options refuse`,
        'Find out which program has written them. If the app did, set `encryption.readPlaintext: true` and run `npx smart-session reseal`.',
      ),
    ];
  const [first] = keyIds;
  const other = sum((keyId) => keyId !== first);
  if (other === 0 || options.encryption.writePlaintext) return [ok('encrypted sessions', 'each one can be read')];
  return [
    report(
      'warn',
      'encrypted sessions',
      `${count(other, 'session')} with plain data, or encrypted with a later key`,
      'Run `npx smart-session reseal`.',
    ),
  ];
}

/** A device that cannot be read is unknown in `list`. Its session works. So no check of devices fails. */
async function checkDevices({ context, options }: CheckedTable): Promise<Check[]> {
  if (context.layout < LAYOUT_WITH_DEVICES) return [];
  const texts = await textsByKey(context, DEVICE_COLUMNS);
  const { keys = [], readPlaintext = false, writePlaintext = false } = options.encryption ?? {};
  const keyIds = keyIdsOf(keys);
  const sum = (isCounted: (keyId: string) => boolean) => [...texts].reduce((all, [keyId, n]) => all + (isCounted(keyId) ? n : 0), 0);
  const unknown = [...texts.keys()].filter((keyId) => keyId !== PLAIN && !keyIds.includes(keyId));
  const warn = (found: string, advice: string) => [report('warn', 'encrypted devices', found, advice)];
  if (unknown.length > 0)
    return warn(
      `${count(
        sum((keyId) => unknown.includes(keyId)),
        'text',
      )} of devices cannot be decrypted, because the options lack the key ${unknown.join(', ')}`,
      'Add the key to `encryption.keys`, after the first one. Without it, `list` shows these devices as unknown.',
    );
  if (!options.encryption || writePlaintext) return [];
  const plain = texts.get(PLAIN) ?? 0;
  if (plain > 0 && !readPlaintext)
    return warn(
      `${count(plain, 'text')} of devices in plain, which the options refuse`,
      'Set `encryption.readPlaintext: true` and run `npx smart-session reseal`.',
    );
  const other = sum((keyId) => keyId !== keyIds[0]);
  if (other === 0) return [];
  return warn(`${count(other, 'text')} of devices in plain, or encrypted with a later key`, 'Run `npx smart-session reseal`.');
}

/** Stands for texts that are not encrypted. */
const PLAIN = '';

/** Counts the texts of some columns of the live sessions by the id of their key. */
async function textsByKey(context: CheckedTable['context'], columns: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { dialect, runner, tableName, schema } = context;
  const table = qualifiedName(dialect.quote, tableName, schema);
  const ofColumn = (column: string) => `select ${column} as content from ${table} where ${column} is not null and ${isLive(context)}`;
  const { rows } = await runner.run(
    `select case when content like 'sealed.1.%' then substr(content, 10, 8) else '${PLAIN}' end as key_id, count(*) as texts ` +
      `from (${columns.map(ofColumn).join(' union all ')}) as texts group by 1`,
  );
  return new Map(rows.map(({ key_id: keyId, texts }) => [String(keyId), Number(texts)]));
}
