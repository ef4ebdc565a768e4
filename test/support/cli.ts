import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runCli } from '../../src/cli/run-cli.js';
import type { Terminal } from '../../src/cli/terminal.js';
import type { DialectName } from '../../src/index.js';
import { CONNECTIONS } from './databases.js';

/** The result of a command. */
export interface CliRun {
  /** The exit code. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The user at the terminal. */
export interface Person {
  /** The answers to the questions. Without them the terminal is not interactive. */
  readonly answers?: readonly string[];
  /** Whether the terminal shows a bar. */
  readonly seesBar?: boolean;
}

/** Records the output of a command. */
export class RecordingTerminal implements Terminal {
  readonly isInteractive: boolean;
  readonly canRewrite: boolean;
  readonly #answers: string[];
  out = '';
  err = '';

  constructor({ answers, seesBar = false }: Person = {}) {
    this.isInteractive = answers !== undefined;
    this.canRewrite = seesBar;
    this.#answers = [...(answers ?? [])];
  }

  print(text: string): void {
    this.out += `${text}\n`;
  }

  note(text: string): void {
    this.err += `${text}\n`;
  }

  rewrite(line: string): void {
    this.err += `\r${line}`;
  }

  async ask(question: string): Promise<string> {
    this.err += question;
    return this.#answers.shift()!;
  }
}

/** Runs a command line in this process. */
export async function cli(words: readonly string[], person: Person = {}): Promise<CliRun> {
  const terminal = new RecordingTerminal(person);
  const code = await runCli(words, terminal);
  return { code, out: terminal.out, err: terminal.err };
}

/** The compiled command line, for its own process. `npm test` compiles it. */
export const CLI_MODULE = resolve('build/src/cli/main.js');

/** Runs a command line in its own process. */
export function cliProcess(words: readonly string[], cwd: string, nodeOptions: readonly string[] = []): Promise<CliRun> {
  return new Promise((settle) => {
    execFile(process.execPath, [...nodeOptions, CLI_MODULE, ...words], { cwd, env: ownEnvironment() }, (error, out, err) => {
      settle({ code: Number(error?.code ?? 0), out, err });
    });
  });
}

/** The environment without the variables that MikroORM's command line has set in this process. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MIKRO_ORM_')));
}

/** A module of an app that exports the options of its sessions, in its own directory. */
export class OptionsFile {
  private constructor(
    readonly directory: string,
    /** The path of the module. */
    readonly path: string,
    /** The options, as the app gives them to `forRoot`. */
    readonly options: { readonly connection: Record<string, unknown>; readonly tableName: string } & Record<string, unknown>,
  ) {}

  /** @param overrides more options; on SQLite the database is a file in the same directory */
  static async write(dialect: DialectName, tableName: string, overrides: object = {}): Promise<OptionsFile> {
    const directory = await mkdtemp(join(tmpdir(), 'smart-session-cli-'));
    const { driver: _driver, ...server } = CONNECTIONS[dialect];
    const connection = dialect === 'sqlite' ? { dbName: join(directory, 'sessions.sqlite') } : server;
    const options = { dialect, connection, tableName, userId: 'user', secret: 'test', ...overrides };
    const path = join(directory, 'session-options.mjs');
    await writeFile(path, `export const sessionOptions = ${JSON.stringify(options)};\n`);
    return new OptionsFile(directory, path, options);
  }

  /** Runs a command with these options in this process. */
  run(words: readonly string[], person?: Person): Promise<CliRun> {
    return cli([...words, '--options', this.path], person);
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true });
  }
}
