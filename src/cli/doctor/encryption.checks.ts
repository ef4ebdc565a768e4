import { keyIdsOf } from '../../codec/seal.js';
import { qualifiedName } from '../../dialects/qualified-name.js';
import { isLive } from '../../persistence/expiry.js';
import { count } from '../plural.js';
import { ok, report, type Check } from './check.js';
import type { CheckedTable } from './checked.js';

/** Checks that the options have the keys of all live sessions. */
export async function checkKeys({ context, options }: CheckedTable): Promise<Check[]> {
  const sessions = await sessionsByKey(context);
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

/** Stands for sessions that are not encrypted. */
const PLAIN = '';

async function sessionsByKey(context: CheckedTable['context']): Promise<ReadonlyMap<string, number>> {
  const { dialect, runner, tableName, schema } = context;
  const { rows } = await runner.run(
    `select case when data like 'sealed.1.%' then substr(data, 10, 8) else '${PLAIN}' end as key_id, count(*) as sessions ` +
      `from ${qualifiedName(dialect.quote, tableName, schema)} where ${isLive(context)} group by 1`,
  );
  return new Map(rows.map(({ key_id: keyId, sessions }) => [String(keyId), Number(sessions)]));
}
