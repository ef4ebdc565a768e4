import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { AppSettings } from '../faults/app.js';

/** A process of the app under fault. */
export class AppProcess {
  #process!: ChildProcess;
  #errors = '';
  /** The address of the process; after its end, its last address. */
  url = '';

  private constructor(
    private readonly settings: AppSettings,
    private readonly launcher: readonly string[],
  ) {}

  /** @param launcher a program, with its parameters, that runs the process */
  static async start(settings: AppSettings, launcher: readonly string[] = []): Promise<AppProcess> {
    const app = new AppProcess(settings, launcher);
    await app.restart();
    return app;
  }

  /** Starts the process again after its end. */
  async restart(): Promise<void> {
    const [program, ...parameters] = [...this.launcher, process.execPath, 'build/test/faults/app.js', JSON.stringify(this.settings)];
    this.#process = spawn(program!, parameters, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#process.stderr!.on('data', (text: Buffer) => (this.#errors += text.toString()));
    for await (const line of createInterface({ input: this.#process.stdout! })) {
      this.url = (JSON.parse(line) as { url: string }).url;
      return;
    }
    throw new Error(`The app ended before it had started. ${this.#errors}`);
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The error output, which is empty unless the process crashed. */
  get errors(): string {
    return this.#errors;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exit;
  }
}
