import { types } from 'node:util';

/** Members of a driver's error that contain no part of the statement. */
const SAFE = ['code', 'errno', 'sqlState', 'severity', 'constraint', 'table', 'column'] as const;

/** MikroORM adds this to PostgreSQL's messages. It may contain the whole row. */
const DETAIL = /\n - detail: [^]*$/;

/** MikroORM 6 puts the statement with its values before the driver's message. */
const STATEMENT = /^(?:select|insert|update|delete|with)\b[^]* - /i;

/** The texts before and after a value that a database quotes in a message. */
const QUOTES: readonly (readonly [before: string | RegExp, after: string])[] = [
  ["entry '", "' for key"],
  ["value: '", "' for column"],
  // A type's name has at most 63 bytes. The bound keeps the expression linear.
  [/invalid input syntax for type [\w ]{1,63}: "/, '"'],
];

/**
 * Returns a copy of a database's error that may be logged. It has the name, the message and the codes, and no values. The
 * driver's own error has the statement with its values, and the row, in members that loggers print.
 */
export function redacted(error: unknown): unknown {
  // Not `instanceof`: the error of a native driver may be of another realm.
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

/** Returns the first line of an error's message, without values and without a full stop. */
export function reasonIn(error: unknown): string {
  const [line] = String((redacted(error) as Partial<Error> | null)?.message ?? error).split('\n');
  return line!.replace(/\.$/, '');
}

/** Cuts the text from the first `before` to the last `after`, because the value may contain both. */
function withoutValue(text: string, before: string | RegExp, after: string): string {
  const [found] = (typeof before === 'string' ? text.includes(before) && [before] : before.exec(text)) || [];
  if (found === undefined) return text;
  const start = text.indexOf(found) + found.length;
  const end = text.lastIndexOf(after);
  return end < start ? text : `${text.slice(0, start)}…${text.slice(end)}`;
}

/** Returns the message of the server. MariaDB's connector adds the statement to `message`. It has the server's own text in `sqlMessage`, as mysql2 does. */
function serverMessage({ message, sqlMessage }: Error & { readonly sqlMessage?: unknown }): string {
  return typeof sqlMessage === 'string' ? sqlMessage : message.replace(DETAIL, '');
}

/** Returns only the frames of a stack. The other lines repeat the message, and MikroORM appends the driver's stack with another message. */
function framesOf({ stack = '' }: Error): string {
  return stack
    .split('\n')
    .filter((line) => /^ {4}at \S/.test(line))
    .join('\n');
}
