import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { textOf, type FileChange } from './file-change.js';

/** The environment variable of the secret. */
const NAME = 'SESSION_SECRET';

/** Where the secret is, and what has to be changed. */
export interface SecretPlan {
  readonly place: 'the environment' | '.env' | 'a new line of .env';
  readonly changes: readonly FileChange[];
  /** The variables of `.env` after the changes. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Whether the app has a `.env` after the changes. */
  readonly hasEnvFile: boolean;
}

/** Plans a secret in `.env`, unless there is one, and keeps `.env` out of git. */
export async function planSecret(directory: string, environment: NodeJS.ProcessEnv): Promise<SecretPlan> {
  const before = await textOf(join(directory, '.env'));
  const has = Boolean(before !== undefined && parseEnv(before)[NAME]);
  const isInEnvironment = Boolean(environment[NAME]);
  const after = has || isInEnvironment ? before : withSecret(before ?? '');
  const hasEnvFile = after !== undefined;
  const written: FileChange[] =
    after === undefined || after === before ? [] : [{ path: '.env', before, after, mode: 0o600, isSecret: true }];
  return {
    place: has ? '.env' : isInEnvironment ? 'the environment' : 'a new line of .env',
    changes: [...written, ...(hasEnvFile ? await ignoreChanges(directory) : [])],
    variables: after === undefined ? {} : parseEnv(after),
    hasEnvFile,
  };
}

/** Fills an empty line of the secret, or adds one. */
function withSecret(text: string): string {
  const line = `${NAME}=${randomBytes(32).toString('base64url')}`;
  const empty = new RegExp(`^[ \\t]*(export[ \\t]+)?${NAME}[ \\t]*=.*$`, 'm');
  return empty.test(text) ? text.replace(empty, () => line) : withLine(text, line);
}

async function ignoreChanges(directory: string): Promise<FileChange[]> {
  const before = await textOf(join(directory, '.gitignore'));
  if (before === undefined ? !isInGit(directory) : mentionsEnv(before)) return [];
  if (before === undefined && (await isIgnoredAbove(resolve(directory)))) return [];
  return [{ path: '.gitignore', before, after: withLine(before ?? '', '.env') }];
}

/** Whether the folder, or one above it, is a repository. Without git, a `.gitignore` would mean nothing. */
function isInGit(directory: string): boolean {
  const path = resolve(directory);
  return existsSync(join(path, '.git')) || (dirname(path) !== path && isInGit(dirname(path)));
}

/** Whether the `.gitignore` of a folder above, in the same repository, is about `.env`. */
async function isIgnoredAbove(directory: string): Promise<boolean> {
  if (existsSync(join(directory, '.git'))) return false;
  const above = dirname(directory);
  return mentionsEnv((await textOf(join(above, '.gitignore'))) ?? '') || isIgnoredAbove(above);
}

/** Whether a line is about `.env`. A line such as `!.env` is a decision of the app, too. */
function mentionsEnv(text: string): boolean {
  return text.split(/\r?\n/).some((line) => ['.env', '.env*', '*.env', '.*'].includes(line.trim().replace(/^!?(\*\*)?\/?/, '')));
}

/** Adds a line, with the line break that the text has. */
function withLine(text: string, line: string): string {
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  const start = text === '' || text.endsWith('\n') ? text : `${text}${lineBreak}`;
  return `${start}${line}${lineBreak}`;
}
