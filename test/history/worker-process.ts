import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AppSettings } from './history-app.js';
import type { WorkerAnswer, WorkerCall } from './history-worker.js';

/** A process that runs one app after the other. */
export class WorkerProcess {
  /** Rejects when the process ends. */
  readonly #ended: Promise<never>;

  private constructor(private readonly child: ChildProcess) {
    this.#ended = once(child, 'exit').then(([code]) => {
      throw new Error(`A process of the history ended with ${code}.`);
    });
    this.#ended.catch(() => {});
  }

  /** Starts so many, or none. */
  static async startAll(count: number): Promise<WorkerProcess[]> {
    const started = await Promise.allSettled(Array.from({ length: count }, () => WorkerProcess.#start()));
    const workers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = started.find((one) => one.status === 'rejected');
    if (!failed) return workers;
    await Promise.all(workers.map((worker) => worker.stop()));
    throw failed.reason;
  }

  static async #start(): Promise<WorkerProcess> {
    const worker = new WorkerProcess(fork('build/test/history/history-worker.js', { stdio: 'inherit', execArgv: [] }));
    await worker.#answer();
    return worker;
  }

  /** Starts an app. Returns where it listens. */
  async startApp(settings: AppSettings): Promise<string> {
    return (await this.#ask(settings)).url!;
  }

  closeApp(): Promise<unknown> {
    return this.#ask('close');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }

  async #ask(call: WorkerCall): Promise<WorkerAnswer> {
    const answered = this.#answer();
    this.child.send(call);
    const answer = await answered;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  async #answer(): Promise<WorkerAnswer> {
    const [answer] = await Promise.race([once(this.child, 'message') as Promise<[WorkerAnswer]>, this.#ended]);
    return answer;
  }
}
