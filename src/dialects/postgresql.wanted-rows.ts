import type { WantedColumn } from './dialect.js';

const TYPES = { text: 'text', int: 'int', bigint: 'bigint', float: 'float8' } as const;

/** Separates the data of several records. JSON escapes control characters, and sealed data has none. */
const SEPARATOR = '\u001f';

/**
 * Returns a table `wanted` of parameter rows, in the same text for any number of rows. The first parameter is JSON, because it is
 * faster to write than the driver's arrays. Data would be JSON inside JSON, so each column of data is a parameter of its own.
 *
 * The limit tells the planner how many rows there are. It would expect 100, and scan a table of less than a few hundred rows.
 */
export function wantedRows(columns: readonly WantedColumn[]): string {
  const names: string[] = [];
  const record: string[] = [];
  for (const { name, type } of columns) {
    if (type === 'data') continue;
    names.push(name);
    record.push(`${name} ${TYPES[type]}`);
  }
  const data = columns.filter(({ type }) => type === 'data');
  const texts = data.map((_column, n) => `, unnest(string_to_array($${n + 2}, chr(${SEPARATOR.charCodeAt(0)})))`);
  const allNames = [...names, ...data.map(({ name }) => name)];
  const rows = `rows from (json_to_recordset($1::json) as (${record.join(', ')})${texts.join('')}) as wanted (${allNames.join(', ')})`;
  return `(select * from ${rows} limit $${data.length + 2}) as wanted`;
}

/** Returns the parameters of these rows. */
export function wantedParameters(columns: readonly WantedColumn[], rows: readonly (readonly unknown[])[]): unknown[] {
  const records: Record<string, unknown>[] = rows.map(() => ({}));
  const data: string[] = [];
  for (const [n, { name, type }] of columns.entries()) {
    if (type === 'data') data.push(joined(rows.map((row) => String(row[n] ?? ''))));
    else for (const [at, record] of records.entries()) record[name] = rows[at]![n];
  }
  return [JSON.stringify(records), ...data, rows.length];
}

/** @throws RangeError for data with a separator: every later record would get the data of another one */
function joined(texts: readonly string[]): string {
  if (texts.some((text) => text.includes(SEPARATOR)))
    throw new RangeError('The data of a session contains the control character U+001F, which JSON escapes. Nothing was written.');
  return texts.join(SEPARATOR);
}
