import { types } from 'node:util';

/** What a driver's error tells of itself, and not of the statement. */
const SAFE = ['code', 'errno', 'sqlState', 'severity', 'constraint', 'table', 'column'] as const;

/** MikroORM adds it to PostgreSQL's messages: it may be the whole row. */
const DETAIL = /\n - detail: [^]*$/;

/** MikroORM 6 puts the statement, with its values, before the driver's message. */
const STATEMENT = /^(?:select|insert|update|delete|with)\b[^]* - /i;

/** What databases quote in their messages. */
const QUOTED_VALUES = [/(?<=entry ')[^]*(?=' for key)/, /(?<=value: ')[^]*(?=' for column)/, /(?<=invalid input syntax for type [\w ]+: ")[^]*(?=")/];

/**
 * A database's error as it may be logged: its name, message and codes. The drivers' own have the statement
 * with the values in it, and the row that failed, in members that loggers print.
 */
export function redacted(error: unknown): unknown {
  // Not `instanceof`: a native driver's may be of another realm.
  if (!types.isNativeError(error)) return error;
  const message = QUOTED_VALUES.reduce((text, value) => text.replace(value, '…'), serverMessage(error)).replace(STATEMENT, '');
  const copy = new Error(message);
  copy.name = error.name;
  copy.stack = `${error.name}: ${message}\n${framesOf(error)}`;
  for (const name of SAFE) {
    const value: unknown = (error as unknown as Record<string, unknown>)[name];
    if (typeof value === 'string' || typeof value === 'number') Object.assign(copy, { [name]: value });
  }
  return copy;
}

/** MariaDB's connector puts the statement into its message, and keeps the server's own apart, as mysql2 does. */
function serverMessage({ message, sqlMessage }: Error & { readonly sqlMessage?: unknown }): string {
  return typeof sqlMessage === 'string' ? sqlMessage : message.replace(DETAIL, '');
}

/** Not the stack's first lines: they hold the message, and MikroORM appends its driver's stack, with another. */
function framesOf({ stack = '' }: Error): string {
  return stack
    .split('\n')
    .filter((line) => /^ {4}at \S/.test(line))
    .join('\n');
}
