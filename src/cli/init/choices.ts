import type { DialectName } from '../../shared/dialect-name.js';
import { flawIn } from '../../options/smart-session.options.js';
import { DIALECTS } from '../../dialects/index.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import type { App } from './app.js';

/** The answers of the command line. The questions ask for the others. */
export interface Answers {
  readonly dialect: string | undefined;
  readonly userKey: string | undefined;
  readonly migration: string | undefined;
  readonly createTable: boolean;
  readonly tableName: string | undefined;
  readonly schema: string | undefined;
}

/** The user's choices. */
export interface Choices {
  readonly dialect: DialectName;
  readonly userKey: string;
  /** The folder of the migration; undefined if the app creates the tables at its start. */
  readonly migration: string | undefined;
  readonly tableName: string | undefined;
  readonly schema: string | undefined;
}

/** The answer to the question about the migration for an app that creates the tables. */
const NO_MIGRATION = 'none';

/**
 * Asks at most three questions.
 *
 * @param asks whether there is a user to ask; otherwise the defaults are taken
 * @throws UsageError for an answer that does not fit, and if the dialect has no default
 */
export async function choose(app: App, answers: Answers, asks: boolean, terminal: Terminal): Promise<Choices> {
  const answer = async (question: string, initial: string) =>
    (asks && (await terminal.ask(initial === '' ? `${question} ` : `${question} [${initial}] `)).trim()) || initial;
  const dialect = checked('dialect', 'dialect', answers.dialect ?? (await dialectOf(app, answer))) as DialectName;
  const userKey = checked(
    'user-key',
    'userId',
    answers.userKey ?? (await answer('Which key of the session holds the id of the user?', 'userId')),
  );
  const migration = await migrationOf(app, answers, answer);
  return {
    dialect,
    userKey,
    migration,
    tableName: answers.tableName === undefined ? undefined : checked('table', 'tableName', answers.tableName),
    schema: answers.schema === undefined ? undefined : checked('schema', 'schema', answers.schema),
  };
}

type Answer = (question: string, initial: string) => Promise<string>;

async function dialectOf({ dialects }: App, answer: Answer): Promise<string> {
  const [first, ...others] = dialects;
  if (first !== undefined && others.length === 0) return first;
  const choices = first === undefined ? Object.keys(DIALECTS) : dialects;
  const question = `Which database is it? ${choices.join(', ')}.`;
  let given = await answer(question, first ?? '');
  while (given !== '' && flawIn('dialect', given) !== undefined) given = await answer(`There is no "${given}". ${question}`, first ?? '');
  if (given !== '') return given;
  throw new UsageError(`init: package.json has no driver of a database. Give --dialect, one of ${Object.keys(DIALECTS).join(', ')}.`);
}

async function migrationOf({ files }: App, { migration, createTable }: Answers, answer: Answer): Promise<string | undefined> {
  if (createTable && migration !== undefined) throw new UsageError('init: give either --create-table or --migration.');
  if (migration === '') throw new UsageError('init: --migration is empty. Give the folder of the migrations.');
  if (createTable) return undefined;
  if (migration !== undefined) return migration;
  const question = `Write a migration into which folder? "${NO_MIGRATION}": the app creates the tables at its start.`;
  const folder = await answer(question, files.migrations ?? NO_MIGRATION);
  return folder === NO_MIGRATION ? undefined : folder;
}

function checked(option: string, name: 'dialect' | 'userId' | 'tableName' | 'schema', value: string): string {
  const expected = flawIn(name, value);
  if (expected === undefined) return value;
  throw new UsageError(`init: --${option}: "${value}" was given. ${expected}`);
}
