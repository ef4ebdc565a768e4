import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Answers } from '../../src/cli/init/choices.js';
import { initApp, type InitMode } from '../../src/cli/init/init-app.js';
import { RecordingTerminal, type Person } from './cli.js';

const COMPILER = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: 'es2023',
  module: 'nodenext',
  types: ['node'],
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  paths: {
    'nestjs-smart-session': [resolve('build/src/index.d.ts')],
    'nestjs-smart-session/fastify': [resolve('build/src/fastify.d.ts')],
  },
};

const NO_ANSWERS: Answers = {
  dialect: undefined,
  userKey: undefined,
  migration: undefined,
  createTable: false,
  tableName: undefined,
  schema: undefined,
};

/** The command line of `init`. */
export interface InitCall extends Partial<Answers>, Partial<InitMode> {
  readonly person?: Person;
  readonly environment?: NodeJS.ProcessEnv;
}

/** The folders of several Nest apps. Their packages are those of this repository. */
export class NestApps {
  readonly #directory: string;
  #number = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async create(): Promise<NestApps> {
    const directory = await mkdtemp(join(tmpdir(), 'smart-session-init-'));
    await symlink(resolve('node_modules'), join(directory, 'node_modules'));
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER, include: ['*/src'] }));
    return new NestApps(directory);
  }

  /** @param packages what its package.json lists beside Nest */
  async write(packages: readonly string[], files: Readonly<Record<string, string>> = {}, type = 'commonjs'): Promise<NestApp> {
    const app = new NestApp(join(this.#directory, `app-${++this.#number}`));
    const dependencies = Object.fromEntries(['@nestjs/core', ...packages].map((name) => [name, '^7.2.0']));
    await app.add({ 'package.json': JSON.stringify({ type, dependencies }), 'tsconfig.json': '{}', ...files });
    return app;
  }

  /** Compiles all apps with TypeScript, each as the type of module that its package.json names. Returns the output. */
  compile(): Promise<string> {
    const tsc = promisify(execFile)(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', this.#directory]);
    return tsc.then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    );
  }

  remove(): Promise<void> {
    return rm(this.#directory, { recursive: true });
  }
}

/** The folder of a Nest app, for `npx smart-session init`. */
export class NestApp {
  constructor(readonly directory: string) {}

  async add(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.directory, path)), { recursive: true });
      await writeFile(join(this.directory, path), text);
    }
  }

  read(path: string): Promise<string> {
    return readFile(join(this.directory, path), 'utf8');
  }

  async modeOf(path: string): Promise<number> {
    return (await stat(join(this.directory, path))).mode & 0o777;
  }

  /** Runs `init`. Returns its output, and the questions. */
  async init({ person, environment = {}, yes = false, dryRun = false, ...answers }: InitCall = {}) {
    const terminal = new RecordingTerminal(person);
    await initApp(this.directory, { ...NO_ANSWERS, ...answers }, { yes, dryRun }, terminal, environment);
    return { out: terminal.out, questions: terminal.err };
  }
}

/** Returns the code that `init` has printed under a heading; an empty text if there is none. */
export function printedCode(out: string, heading: string): string {
  const lines = out.split('\n');
  const start = lines.findIndex((line) => line.startsWith(heading));
  const code = start === -1 ? [] : lines.slice(start + 2);
  const end = code.findIndex((line) => line !== '' && !line.startsWith('  '));
  return code
    .slice(0, end === -1 ? undefined : end)
    .map((line) => line.slice(2))
    .join('\n')
    .trim();
}
