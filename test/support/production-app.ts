import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { compileRecipe, END_WITH_TESTS } from './compiled-recipe.js';
import { freePort } from './free-port.js';
import { POSTGRESQL } from './servers.js';

const BUILD = 'build/recipes/production';

/** Compiles the recipe for processes of its own. */
export function buildProductionApp(): void {
  compileRecipe('production');
}

/** The environment of a process, as the page about production has it. */
export function productionEnv(dbName: string): NodeJS.ProcessEnv {
  const { host, port, user, password } = POSTGRESQL;
  const credentials = [user, password].map(encodeURIComponent).join(':');
  return {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    DATABASE_URL: `postgresql://${credentials}@${host}:${port}/${dbName}`,
    SESSION_SECRETS: 'f1c4dd9f0e6c4b7f8a5be2a77a5d1c3e9b60d2f4,6b1d8e3f5a7c9024d6e8f1a3b5c7d9e0f2a4b6c8',
  };
}

/** Runs `npx smart-session` with the options of the recipe. */
export async function productionCli(env: NodeJS.ProcessEnv, ...words: string[]): Promise<string> {
  const parameters = [
    '--import',
    `./${BUILD}/package-hook.js`,
    'build/src/cli/main.js',
    ...words,
    '--options',
    `${BUILD}/session.options.js`,
  ];
  return (await promisify(execFile)(process.execPath, parameters, { env })).stdout;
}

/** A process of the recipe. */
export class ProductionApp {
  readonly #process: ChildProcess;
  readonly #exit: Promise<[number | null, NodeJS.Signals | null]>;
  /** The log: a line is a JSON document. */
  log = '';

  private constructor(
    readonly port: number,
    readonly metricsPort: number,
    env: NodeJS.ProcessEnv,
  ) {
    const imports = ['--import', `./${BUILD}/package-hook.js`, '--import', './recipes/production/instrumentation.js', ...END_WITH_TESTS];
    const ports = { PORT: String(port), METRICS_PORT: String(metricsPort) };
    this.#process = spawn(process.execPath, [...imports, `${BUILD}/main.js`], { env: { ...env, ...ports }, stdio: 'pipe' });
    this.#exit = once(this.#process, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    for (const output of [this.#process.stdout!, this.#process.stderr!]) output.on('data', (text) => (this.log += String(text)));
  }

  /** Starts a process, and waits until it is ready. */
  static async start(env: NodeJS.ProcessEnv): Promise<ProductionApp> {
    const app = new ProductionApp(await freePort(), await freePort(), env);
    await app.untilReady();
    return app;
  }

  /** Waits until the readiness probe succeeds. */
  async untilReady(): Promise<void> {
    while ((await this.status('/health/ready')) !== 200) {
      if (this.#process.exitCode !== null) throw new Error(`The app ended before it was ready. ${this.log}`);
      await sleep(50);
    }
  }

  /** Returns what Prometheus reads. */
  async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`)).text();
  }

  /** Returns how many sessions the process has loaded. */
  async loads(): Promise<number> {
    const counted = /^smart_session_load_duration_count\{smart_session_outcome="found".*\} (\d+)/m.exec(await this.metrics());
    return Number(counted?.[1] ?? 0);
  }

  /** Returns the status of a response; undefined if the process does not accept connections. */
  async status(path: string): Promise<number | undefined> {
    return (await this.fetch(path).catch(() => undefined))?.status;
  }

  /** Asks the process itself, not by way of the proxy. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { ...init, headers: { connection: 'close', ...init.headers } });
  }

  /** The messages of the log. */
  get messages(): string[] {
    return this.log.split('\n').flatMap((line) => (line.startsWith('{') ? (JSON.parse(line) as { message: string }).message : []));
  }

  /** Sends SIGTERM. Returns the exit code, or the signal that ended the process. */
  async end(): Promise<number | NodeJS.Signals> {
    if (this.#process.exitCode === null) this.#process.kill('SIGTERM');
    const [code, signal] = await this.#exit;
    return code ?? signal!;
  }
}
