import { ForkedProcess } from '../support/forked-process.js';
import type { AppSettings } from './history-app.js';
import type { WorkerAnswer, WorkerCall } from './history-worker.js';

/** A process that runs one app after the other. */
export class WorkerProcess {
  readonly #process = new ForkedProcess<WorkerCall, WorkerAnswer>('build/test/history/history-worker.js');

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
    const worker = new WorkerProcess();
    await worker.#process.answer();
    return worker;
  }

  /** Starts an app. Returns where it listens. */
  async startApp(settings: AppSettings): Promise<string> {
    return (await this.#ask(settings)).url!;
  }

  closeApp(): Promise<unknown> {
    return this.#ask('close');
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  async #ask(call: WorkerCall): Promise<WorkerAnswer> {
    const answer = await this.#process.ask(call);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}
