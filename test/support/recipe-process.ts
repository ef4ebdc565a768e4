import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileRecipe, END_WITH_TESTS } from './compiled-recipe.js';
import { freePort } from './free-port.js';

/** A recipe in a process of its own, which has the environment and so the database of `startRecipe`. */
export class RecipeProcess {
  readonly #process: ChildProcess;
  readonly #url: string;
  #errors = '';

  private constructor(name: string, port: number) {
    this.#url = `http://127.0.0.1:${port}`;
    this.#process = spawn(process.execPath, [...compileRecipe(name), ...END_WITH_TESTS, `build/recipes/${name}/main.js`], {
      env: { ...process.env, PORT: String(port) },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.#process.stderr!.on('data', (text: Buffer) => (this.#errors += text.toString()));
  }

  /** Starts the process, and waits until it answers. */
  static async start(name: string): Promise<RecipeProcess> {
    const started = new RecipeProcess(name, await freePort());
    await started.#untilReady();
    return started;
  }

  /** Returns the address, as an app of Nest does. */
  async getUrl(): Promise<string> {
    return this.#url;
  }

  async close(): Promise<void> {
    if (!this.#isRunning) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill();
    await exit;
  }

  get #isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async #untilReady(): Promise<void> {
    while (!(await fetch(this.#url).catch(() => undefined))) {
      if (!this.#isRunning) throw new Error(`The recipe ended before it was ready. ${this.#errors}`);
      await sleep(20);
    }
  }
}
