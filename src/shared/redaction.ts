import { types } from 'node:util';

/** What a driver's error tells of itself, and not of the statement. */
const SAFE = ['code', 'errno', 'sqlState', 'severity', 'constraint', 'table', 'column'] as const;

/** MikroORM adds it to PostgreSQL's messages: it may be the whole row. */
const DETAIL = /\n - detail: [^]*$/;

/** MikroORM 6 puts the statement, with its values, before the driver's message. */
const STATEMENT = /^(?:select|insert|update|delete|with)\b[^]* - /i;

/** The texts around the values that databases quote in their messages. */
const QUOTES: readonly (readonly [before: string | RegExp, after: string])[] = [
  ["entry '", "' for key"],
  ["value: '", "' for column"],
  // A type's name has at most 63 bytes. The bound keeps the expression linear.
  [/invalid input syntax for type [\w ]{1,63}: "/, '"'],
];

/**
 * A database's error as it may be logged: its name, message and codes. The drivers' own have the statement
 * with the values in it, and the row that failed, in members that loggers print.
 */
export function redacted(error: unknown): unknown {
  // Not `instanceof`: a native driver's may be of another realm.
  if (!types.isNativeError(error)) return error;
  const message = QUOTES.reduce((text, [before, after]) => withoutValue(text, before, after), serverMessage(error)).replace(STATEMENT, '');
  const copy = new Error(message);
  copy.name = error.name;
  copy.stack = `${error.name}: ${message}\n${framesOf(error)}`;
  for (const name of SAFE) {
    const value: unknown = (error as unknown as Record<string, unknown>)[name];
    if (typeof value === 'string' || typeof value === 'number') Object.assign(copy, { [name]: value });
  }
  return copy;
}

/** The message of an error, as a line without a full stop. */
export function reasonIn(error: unknown): string {
  const [line] = String((redacted(error) as Partial<Error> | null)?.message ?? error).split('\n');
  return line!.replace(/\.$/, '');
}

/** From the first `before` to the last `after`: the value may contain both. */
function withoutValue(text: string, before: string | RegExp, after: string): string {
  const [found] = (typeof before === 'string' ? text.includes(before) && [before] : before.exec(text)) || [];
  if (found === undefined) return text;
  const start = text.indexOf(found) + found.length;
  const end = text.lastIndexOf(after);
  return end < start ? text : `${text.slice(0, start)}…${text.slice(end)}`;
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
