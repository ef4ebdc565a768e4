import { count } from '../plural.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { readApp, type App } from './app.js';
import { choose, type Answers, type Choices } from './choices.js';
import { connectionWayOf, missingPackages, type ConnectionWay } from './connection-way.js';
import { doctorLines } from './doctor-lines.js';
import { applyChange, type FileChange } from './file-change.js';
import { planMigrationChanges } from './migration-changes.js';
import { moduleNotes, moduleSnippets, pageOf, sessionTypeSnippet } from './module-lines.js';
import { planSecret, type SecretPlan } from './secret-changes.js';
import { shownSnippet, type Snippet } from './snippet.js';
import { unifiedDiff } from './unified-diff.js';

/** The options of the command line, beside the answers. */
export interface InitMode {
  /** Whether to take the defaults and to write without a question. */
  readonly yes: boolean;
  /** Whether to write nothing. */
  readonly dryRun: boolean;
}

/** The result of `init`, as JSON has it. */
export interface InitResult {
  readonly dialect: string;
  /** The paths of the files that have to be changed. */
  readonly changes: readonly string[];
  /** Whether they were written. */
  readonly written: boolean;
  /** The lines for the code of the app. */
  readonly snippets: readonly Snippet[];
  readonly notes: readonly string[];
  readonly nextSteps: readonly string[];
}

/**
 * Looks at the app in a folder, writes its secret and its migration after a confirmation, and prints the lines for its code.
 *
 * @param directory the folder of the app's package.json
 * @param environment the environment variables of the app
 * @throws UsageError without a Nest app, without a user to ask, and for answers that do not fit
 */
export async function initApp(
  directory: string,
  answers: Answers,
  { yes, dryRun }: InitMode,
  terminal: Terminal,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<InitResult> {
  if (!yes && !dryRun && !terminal.isInteractive)
    throw new UsageError('init: there is no terminal to ask questions. Give --yes to take the defaults, or --dry-run to write nothing.');
  const app = await readApp(directory);
  terminal.print(describe(app).join('\n'));
  const choices = await choose(app, answers, !yes && terminal.isInteractive, terminal);
  const way = connectionWayOf(app, choices.dialect);
  const secret = await planSecret(directory, environment);
  const migration = choices.migration === undefined ? undefined : await planMigrationChanges(app, choices, choices.migration);
  const changes = [...secret.changes, ...(migration?.changes ?? [])];
  const written = await write(app, changes, yes, dryRun, terminal);
  const snippets = snippetsFor(app, choices, way, secret);
  const notes = notesFor(app, choices, way, secret, snippets, environment);
  const steps = nextSteps(app, choices, way, secret, migration?.advice);
  terminal.print(`\n${[...snippets.map(shownSnippet), ...(notes.length === 0 ? [] : [notes.join('\n')])].join('\n\n')}`);
  terminal.print(`\n${['Next steps:', ...steps.map((step, n) => `${n + 1}. ${step}`)].join('\n')}`);
  return { dialect: choices.dialect, changes: changes.map(({ path }) => path), written, snippets, notes, nextSteps: steps };
}

function describe({ orm, otherOrms, platform, packages, previous }: App): readonly string[] {
  const module = packages.isEsModule ? 'ES modules' : 'CommonJS';
  const others = otherOrms.map(({ name }) => name).join(' and ');
  return [
    `The app: ${orm?.name ?? 'no ORM'}, ${platform}, ${module}.`,
    ...(others === '' ? [] : [`It also has ${others}. The lines below are for ${orm!.name}.`]),
    ...(previous.length === 0
      ? []
      : [
          `It has sessions already: ${previous.join(', ')}.`,
          `${pageOf('moving-in.md')} shows how to replace them while users stay logged in.`,
        ]),
    ...(packages.has('passport')
      ? [
          `It has Passport, which keeps the user in session.passport: ${pageOf('recipes/passport-login.md')} shows the option userId for it.`,
        ]
      : []),
  ];
}

/** Shows the changes, and writes them after a confirmation. Returns whether they were written. */
async function write(app: App, changes: readonly FileChange[], yes: boolean, dryRun: boolean, terminal: Terminal): Promise<boolean> {
  const unwritten = (sentence: string) => {
    terminal.print(sentence);
    return false;
  };
  if (changes.length === 0) return unwritten('\nNo file has to be changed.');
  terminal.print(`\n${changes.map(unifiedDiff).join('\n\n')}\n`);
  if (dryRun) return unwritten('Nothing was written, because of --dry-run.');
  const files = count(changes.length, 'file');
  if (!yes && !isYes(await terminal.ask(`Write ${files}? [y/N] `))) return unwritten('Nothing was written.');
  for (const change of changes) await applyChange(app.directory, change);
  terminal.print(`Wrote ${changes.map(({ path }) => path).join(', ')}.`);
  return true;
}

function snippetsFor(app: App, choices: Choices, way: ConnectionWay, secret: SecretPlan): readonly Snippet[] {
  const { snippet } = doctorLines(app, choices, way, secret.hasEnvFile);
  return [...moduleSnippets(app, choices, way), sessionTypeSnippet(app, choices), ...(snippet ? [snippet] : [])];
}

function notesFor(
  app: App,
  choices: Choices,
  way: ConnectionWay,
  secret: SecretPlan,
  snippets: readonly Snippet[],
  environment: NodeJS.ProcessEnv,
): readonly string[] {
  const lines = snippets.flatMap((snippet) => snippet.lines);
  const missing = ['DATABASE_URL', 'SQLITE_FILE'].filter(
    (name) => lines.some((line) => line.includes(name)) && !environment[name] && !secret.variables[name],
  );
  return [
    ...moduleNotes(app, choices, way),
    ...missing.map(
      (name) => `${name} is not set yet. Set it to the ${name === 'SQLITE_FILE' ? "path of the app's" : 'URL of the'} database.`,
    ),
  ];
}

function nextSteps(app: App, choices: Choices, way: ConnectionWay, secret: SecretPlan, migration: string | undefined): readonly string[] {
  const missing = missingPackages(app, choices.dialect, way, choices.migration !== undefined);
  const { command, snippet } = doctorLines(app, choices, way, secret.hasEnvFile);
  const needsCli = snippet === undefined && !app.packages.has('@mikro-orm/cli');
  return [
    ...(missing.length === 0 ? [] : [`${app.install} ${missing.join(' ')}`]),
    ...(needsCli ? [`${app.install} ${app.install.startsWith('npm') ? '--save-dev' : '-D'} @mikro-orm/cli`] : []),
    'Add the lines above.',
    ...(secret.place === 'the environment' ? [] : [readerOf(app)]),
    migration ?? 'Start the app once. It creates the tables.',
    command,
  ];
}

/** Says how the variables of `.env` reach the app. */
function readerOf({ packages }: App): string {
  if (packages.has('@nestjs/config')) return '@nestjs/config reads .env: list ConfigModule.forRoot() before SmartSessionModule.';
  if (packages.has('dotenv')) return "dotenv reads .env: import 'dotenv/config' first in main.ts.";
  return 'If nothing loads .env yet, start the app with node --env-file=.env dist/main.js.';
}

function isYes(answer: string): boolean {
  return /^y(es)?$/i.test(answer.trim());
}
